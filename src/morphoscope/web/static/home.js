// The first page: drop or choose files, then look at the first of them.
import { droppable, upload } from "./upload.js";

const form = document.querySelector("form.drop");
const input = form.querySelector("input[type=file]");
const status = form.querySelector(".status");

async function open(files) {
  status.classList.remove("error");
  status.textContent = files.length === 1 ? `Reading ${files[0].name} …` : `Reading ${files.length} files …`;
  form.classList.add("busy");
  try {
    const { files: kept } = await upload(files, Number(form.dataset.limitMb));
    const sidecar = /\.(txt|hdr|xml|json|csv|dat)$/i;
    location.assign((kept.find((file) => !sidecar.test(file.name)) ?? kept[0]).href);
  } catch (error) {
    status.classList.add("error");
    status.textContent = error.message;
    form.classList.remove("busy");
  }
}

input.addEventListener("change", () => input.files.length && open(input.files));
form.addEventListener("submit", (event) => event.preventDefault());
droppable(document.body, open);
droppable(form, open);
addEventListener("pageshow", () => { form.reset(); form.classList.remove("busy"); status.textContent = ""; });
for (const image of document.querySelectorAll(".thumbs img")) {
  const missing = () => image.classList.add("missing");
  if (image.complete && !image.naturalWidth && image.loading !== "lazy") missing();
  image.addEventListener("error", missing);
}
