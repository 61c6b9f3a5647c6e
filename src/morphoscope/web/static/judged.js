// Looks at judged images: larger on a click, corrected without leaving the page.
const larger = document.querySelector("dialog.larger");
const whole = larger.querySelector(".whole"), map = larger.querySelector(".map"), status = larger.querySelector(".status");
const reasons = larger.querySelector(".reasons"), more = larger.querySelector(".more"), ask = larger.querySelector(".ask-why");
let shown = null;

for (const button of document.querySelectorAll(".look")) {
  const image = button.querySelector("img");
  image.addEventListener("error", () => image.classList.add("missing"));
  button.addEventListener("click", () => {
    shown = button;
    whole.src = button.dataset.large;
    larger.querySelector(".file-name").textContent = button.closest("li").querySelector(".file-name").textContent;
    map.hidden = more.hidden = true;
    ask.hidden = !button.dataset.why;
    status.textContent = "";
    reasons.replaceChildren();
    larger.showModal();
  });
}

async function json(address, options) {
  const answer = await fetch(address, options), told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

// Asks for the map of one image's evidence and waits for it, unless another image is looked at meanwhile.
async function why(button) {
  status.textContent = "Hiding parts of the picture in turn …";
  ask.hidden = true;
  const { run, page } = await json(button.dataset.why, { method: "POST", headers: { accept: "application/json" } });
  let job;
  do {
    await new Promise((resolve) => { setTimeout(resolve, 400); });
    job = await json(`${page}/progress.json`);
    if (shown === button && job.note) status.textContent = `${job.note} …`;
  } while (["waiting", "running"].includes(job.state));
  if (job.state !== "done") throw new Error(job.error || "The explanation did not finish.");
  const report = await json(`${page}/report.json`);
  if (shown !== button) return;
  status.textContent = "";
  map.src = `${page}/pictures/${report.files.map}`;
  map.hidden = more.hidden = false;
  more.querySelector("a").href = `/runs/${run}`;
  reasons.replaceChildren(...report.tables.reasons.map(({ reason }) => Object.assign(document.createElement("li"), { textContent: reason })));
}

ask.addEventListener("click", () => {
  const button = shown;
  why(button).catch((error) => {
    if (shown === button) [status.textContent, ask.hidden] = [error.message, false];
  });
});
larger.addEventListener("close", () => { shown = null; });
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
