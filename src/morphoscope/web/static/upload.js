// Sends files to the studio; says in one sentence why not.
export async function upload(files, limitMb) {
  const total = [...files].reduce((sum, file) => sum + file.size, 0);
  if (total > limitMb * 2 ** 20) {
    throw new Error(`The upload is larger than the limit of ${limitMb} MiB; start the studio with a larger --upload-limit-mb.`);
  }
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name);
  let answer;
  try {
    answer = await fetch("/uploads", { method: "POST", body, headers: { accept: "application/json" } });
  } catch {
    throw new Error("The studio does not answer; is it still running in the terminal?");
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

// Lets files be dropped on a place; `take` gets the list.
export function droppable(place, take) {
  let depth = 0;
  const hasFiles = (event) => [...event.dataTransfer.types].includes("Files");
  place.addEventListener("dragenter", (event) => { if (hasFiles(event)) { depth += 1; place.classList.add("over"); event.preventDefault(); } });
  place.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  place.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) place.classList.remove("over"); });
  place.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    place.classList.remove("over");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
}
