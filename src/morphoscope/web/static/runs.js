// Filters the list of runs while typing.
const form = document.querySelector("form.filter");
const rows = [...document.querySelectorAll("table.runs tbody tr")];
const count = form.querySelector(".count");

function filter() {
  const words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const fits = (!form.state.value || row.dataset.state === form.state.value) && words.every((word) => row.dataset.text.includes(word));
    row.hidden = !fits;
    shown += fits;
  }
  count.textContent = `${shown} run${shown === 1 ? "" : "s"}`;
}

if (!new URLSearchParams(location.search).size) {
  form.q.addEventListener("input", filter);
  form.state.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
} else {
  form.state.addEventListener("change", () => form.submit());
}
