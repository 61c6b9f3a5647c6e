// Drop or choose images: they are sent at once, with the chosen model.
import { droppable } from "./upload.js";

const form = document.querySelector("form.judge");
const input = form.querySelector("input[type=file]"), status = form.querySelector(".status"), place = form.querySelector(".drop");

function send() {
  if (!input.files.length || place.classList.contains("busy")) return;
  place.classList.add("busy");
  status.textContent = input.files.length === 1 ? `Reading ${input.files[0].name} …` : `Reading ${input.files.length} images …`;
  form.requestSubmit();
}

input.addEventListener("change", send);
for (const at of [document.body, place]) {
  droppable(at, (files) => {
    input.files = files;
    send();
  });
}
addEventListener("pageshow", () => { input.value = ""; place.classList.remove("busy"); status.textContent = ""; });
