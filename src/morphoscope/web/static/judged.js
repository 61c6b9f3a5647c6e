// Looks at judged images: larger on a click, corrected without leaving the page.
const larger = document.querySelector("dialog.larger");

for (const button of document.querySelectorAll(".look")) {
  const image = button.querySelector("img");
  image.addEventListener("error", () => image.classList.add("missing"));
  button.addEventListener("click", () => {
    larger.querySelector("img").src = button.dataset.large;
    larger.querySelector(".file-name").textContent = button.closest("li").querySelector(".file-name").textContent;
    larger.showModal();
  });
}
larger.addEventListener("click", (event) => { if (event.target === larger) larger.close(); });

function show(card, label, kept) {
  for (const button of card.querySelectorAll(".correct button[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === label));
  }
  card.querySelector(".undo").hidden = !label;
  card.classList.toggle("is-corrected", Boolean(label));
  const row = document.querySelector(`.as-table a[href="#${card.id}"]`).closest("tr");
  row.querySelector(".of-corrected").textContent = label;
  document.querySelector(".count-corrected").textContent = `${document.querySelectorAll(".is-corrected").length} corrected`;
  document.querySelector(".kept").hidden = kept === 0;
}

for (const form of document.querySelectorAll("form.correct")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector(".error"), body = new FormData(form, event.submitter);
    problem.textContent = "";
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error);
      show(form.closest("li"), told.corrected, told.kept);
    } catch (error) {
      problem.textContent = error instanceof TypeError ? "The studio does not answer; is it still running in the terminal?" : error.message;
    }
  });
}
