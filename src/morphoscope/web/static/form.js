// A task's form: files are sent when chosen, values checked by the studio as they change.
import { droppable, upload } from "./upload.js";

const form = document.querySelector("form.task");
const run = form.querySelector("button[type=submit]");
const touched = new Set();
let asking = 0, sending = 0;

function show(name, sentence) {
  const field = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
  const place = field?.querySelector(".error");
  if (!place) return;
  if (place.textContent !== sentence) place.textContent = sentence;
  field.classList.toggle("wrong", Boolean(sentence));
  for (const input of field.querySelectorAll("[aria-describedby]")) {
    if (sentence) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
  }
}

async function check(everything) {
  const body = new FormData();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  asking += 1;
  const mine = asking;
  const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "application/json" } });
  if (mine !== asking || !answer.ok) return null;
  const { problems } = await answer.json();
  for (const field of form.querySelectorAll("[data-field]")) {
    const { field: name } = field.dataset;
    if (everything || touched.has(name)) show(name, problems[name] ?? "");
  }
  return problems;
}

async function take(field, files) {
  const select = field.querySelector("select"), status = field.querySelector(".status");
  const { accepts } = field.querySelector(".input-file").dataset;
  status.textContent = "Reading …";
  sending += 1;
  try {
    const { files: kept, folder } = await upload(files, Number(form.dataset.limitMb));
    const whole = !select.multiple && (accepts === "folder" || (accepts === "any" && kept.length > 1));
    const chosen = whole ? [{ reference: folder, name: `${kept.length} files` }] : select.multiple ? kept : kept.slice(0, 1);
    for (const file of chosen) {
      const old = [...select.options].find((option) => option.value === file.reference);
      const option = old ?? new Option(file.name, file.reference);
      if (!old) select.append(option);
      option.selected = true;
    }
    status.textContent = `${chosen.map((file) => file.name).join(", ")} is here`;
    touched.add(field.dataset.field);
    show(field.dataset.field, "");
    check(false);
  } catch (error) {
    status.textContent = "";
    show(field.dataset.field, error.message);
  } finally {
    field.querySelector("input[type=file]").value = "";
    sending -= 1;
  }
}

for (const field of form.querySelectorAll(".kind-input")) {
  const input = field.querySelector("input[type=file]");
  input.addEventListener("change", () => input.files.length && take(field, input.files));
  droppable(field, (files) => take(field, files));
}
form.addEventListener("change", (event) => {
  const field = event.target.closest("[data-field]");
  if (!field || event.target.type === "file") return;
  touched.add(field.dataset.field);
  check(false).catch(() => {});
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending || run.disabled) return;
  run.disabled = true;
  const problems = await check(true).catch(() => ({}));
  const first = Object.keys(problems ?? {})[0];
  if (first) {
    run.disabled = false;
    const field = form.querySelector(`[data-field="${CSS.escape(first)}"]`);
    (field.querySelector("select, input:not([type=hidden], [type=file])") ?? field).focus();
    return;
  }
  form.submit();
});
addEventListener("pageshow", () => { run.disabled = false; });
