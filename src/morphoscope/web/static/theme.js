// Before the first paint: the theme that was chosen, if one was. The button changes it.
const kept = localStorage.getItem("theme");
if (kept) document.documentElement.dataset.theme = kept;
document.documentElement.classList.add("scripted");
addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("button.theme");
  const dark = () => (document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches);
  button.addEventListener("click", () => {
    const next = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    document.dispatchEvent(new Event("themechange"));
  });
});
