// Follows a run until it ends, then shows its report or what went wrong.
const place = document.querySelector(".progress");
const bar = place.querySelector("progress"), note = place.querySelector(".note"), left = place.querySelector(".left");
const QUICK_MS = 300, SLOW_MS = 1200;
let since = 0, silent = 0, spoken = -Infinity;

function words(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function show(job) {
  const share = job.total > 0 ? Math.min(1, job.done / job.total) : null;
  if (share === null) bar.removeAttribute("value"); else bar.value = share;
  const text = job.note || (job.state === "waiting" ? "Waiting for its turn" : "Working");
  const now = performance.now();
  if (text !== note.textContent && now - spoken > 1000) {
    note.textContent = text;
    spoken = now;
  }
  const known = share !== null && share > 0.02 && job.seconds > 1;
  left.textContent = known ? `${Math.round(share * 100)} %, about ${words((job.seconds / share) * (1 - share))} left` : "";
  if (share !== null) document.title = `${Math.round(share * 100)} % · morphoscope`;
}

async function look() {
  try {
    const answer = await fetch(`/runs/${encodeURIComponent(place.dataset.run)}/progress.json`);
    const job = await answer.json();
    if (!answer.ok || !["waiting", "running"].includes(job.state)) {
      location.replace(location.href.split("#")[0]);
      return;
    }
    silent = 0;
    show(job);
  } catch {
    silent += 1;
    if (silent > 3) note.textContent = "The studio does not answer; is it still running in the terminal?";
  }
  since += 1;
  setTimeout(look, since < 20 ? QUICK_MS : SLOW_MS);
}

place.querySelector("form")?.addEventListener("submit", (event) => {
  event.target.querySelector("button").disabled = true;
  note.textContent = "Stopping …";
  spoken = Infinity;
});
look();
