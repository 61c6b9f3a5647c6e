// Looks at one image: zoom at the pointer, drag, pinch, a scale bar of round length, values under the cursor.
const canvas = document.querySelector(".stage canvas");
const readout = document.querySelector(".readout");
const known = JSON.parse(document.getElementById("image").textContent);
const context = canvas.getContext("2d");
const source = new Image();
const pixels = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const aspect = known.pixel_nm ? known.pixel_nm[0] / known.pixel_nm[1] : 1; // height of a pixel over its width
const LARGEST = 64;
const view = { zoom: 1, x: 0, y: 0, fitted: true }; // zoom: screen pixels per image pixel; x, y: left top corner on the screen

const wide = () => canvas.clientWidth, high = () => canvas.clientHeight;
const smallest = () => Math.min(wide() / known.width_px, high() / (known.height_px * aspect));

function fit() {
  view.zoom = smallest();
  view.x = (wide() - known.width_px * view.zoom) / 2;
  view.y = (high() - known.height_px * aspect * view.zoom) / 2;
  view.fitted = true;
  paint();
}

function hold() {
  // keep part of the image in sight, and centre it where it is smaller than the stage
  const width = known.width_px * view.zoom, height = known.height_px * aspect * view.zoom;
  const clamp = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
  view.x = clamp(view.x, width, wide());
  view.y = clamp(view.y, height, high());
}

function zoomTo(zoom, x = wide() / 2, y = high() / 2) {
  const next = Math.min(LARGEST, Math.max(smallest(), zoom));
  view.x = x - ((x - view.x) * next) / view.zoom;
  view.y = y - ((y - view.y) * next) / view.zoom;
  view.zoom = next;
  view.fitted = next <= smallest() * 1.0001;
  hold();
  paint();
}

function move(dx, dy) {
  view.x += dx;
  view.y += dy;
  view.fitted = false;
  hold();
  paint();
}

export function niceLength(nm) {
  // the largest of 1, 2, 5 times a power of ten that is not longer than nm
  const power = 10 ** Math.floor(Math.log10(nm));
  return power * [5, 2, 1].find((step) => step * power <= nm * 1.0000001);
}

export function inWords(nm) {
  const [factor, unit] = nm >= 1e6 ? [1e6, "mm"] : nm >= 1e3 ? [1e3, "µm"] : nm < 0.1 ? [1e-3, "pm"] : [1, "nm"];
  return `${Number((nm / factor).toPrecision(4))} ${unit}`;
}

function scaleBar() {
  const nmPerScreen = known.pixel_nm[1] / view.zoom;
  const length = niceLength(Math.min(wide() * 0.3, 220) * nmPerScreen);
  const printed = known.data_bar_row_px === null ? Infinity : view.y + known.data_bar_row_px * aspect * view.zoom;
  const width = length / nmPerScreen, x = 16, y = printed > 60 ? Math.min(high(), printed) - 18 : high() - 18; // above the file's own bar
  context.font = "600 13px system-ui, sans-serif";
  const box = Math.max(width, context.measureText(inWords(length)).width) + 20;
  context.fillStyle = "rgb(10 14 18 / 72%)";
  context.beginPath();
  context.roundRect(x - 10, y - 26, box, 38, 7);
  context.fill();
  context.fillStyle = "#fff";
  context.fillRect(x, y, width, 4);
  context.fillText(inWords(length), x, y - 8);
  canvas.dataset.scaleBar = inWords(length);
  canvas.dataset.scaleBarPx = width.toFixed(2);
}

let waiting = false;
function paint() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function draw() {
  const dense = devicePixelRatio || 1, width = Math.round(wide() * dense), height = Math.round(high() * dense);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  context.setTransform(dense, 0, 0, dense, 0, 0);
  context.clearRect(0, 0, wide(), high());
  if (!source.naturalWidth) return;
  context.imageSmoothingEnabled = view.zoom * dense < 3;
  context.imageSmoothingQuality = "high";
  context.drawImage(source, view.x, view.y, known.width_px * view.zoom, known.height_px * aspect * view.zoom);
  if (known.data_bar_row_px !== null) {
    const row = view.y + known.data_bar_row_px * aspect * view.zoom;
    context.strokeStyle = "#f0a63c";
    context.lineWidth = 1.5;
    context.setLineDash([6, 5]);
    context.beginPath();
    context.moveTo(view.x, row);
    context.lineTo(view.x + known.width_px * view.zoom, row);
    context.stroke();
    context.setLineDash([]);
  }
  if (known.pixel_nm) scaleBar();
  canvas.dataset.zoom = view.zoom.toPrecision(5);
}

function grey(col, row) {
  if (known.gain === null) return "";
  const x = Math.min(source.naturalWidth - 1, Math.floor(col * known.scale)), y = Math.min(source.naturalHeight - 1, Math.floor(row * known.scale));
  const value = known.offset + known.gain * pixels.getImageData(x, y, 1, 1).data[0];
  const exact = known.exact && known.scale === 1;
  return `${exact ? "" : "≈ "}${Number(value.toPrecision(exact ? 6 : 3))}${known.unit ? ` ${known.unit}` : ""}`;
}

function read(x, y) {
  const col = Math.floor((x - view.x) / view.zoom), row = Math.floor((y - view.y) / (view.zoom * aspect));
  if (col < 0 || row < 0 || col >= known.width_px || row >= known.height_px) return;
  const parts = [["x, y", `${col}, ${row} px`]];
  if (known.pixel_nm) parts.push(["", `${inWords((col + 0.5) * known.pixel_nm[1])}, ${inWords((row + 0.5) * known.pixel_nm[0])}`]);
  const value = grey(col, row);
  if (value) parts.push(["grey", value]);
  readout.replaceChildren(...parts.map(([label, text]) => {
    const part = document.createElement("span");
    const name = Object.assign(document.createElement("span"), { className: "quiet", textContent: label ? `${label} ` : "" });
    part.append(name, text);
    return part;
  }));
}

const fingers = new Map();
const at = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
  zoomTo(view.zoom * Math.exp(-Math.max(-120, Math.min(120, step)) * 0.0022 * (event.ctrlKey ? 4 : 1)), ...at(event));
}, { passive: false });
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, at(event));
  canvas.classList.add("held");
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = at(event), before = fingers.get(event.pointerId);
  read(x, y);
  if (!before) return;
  if (fingers.size === 2) {
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    const [was, is] = [before, [x, y]].map(([a, b]) => Math.hypot(a - other[0], b - other[1]));
    if (was > 0) zoomTo((view.zoom * is) / was, (x + other[0]) / 2, (y + other[1]) / 2);
  } else {
    move(x - before[0], y - before[1]);
  }
  fingers.set(event.pointerId, [x, y]);
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) canvas.classList.remove("held");
  });
}
canvas.addEventListener("dblclick", (event) => (view.fitted ? zoomTo(Math.max(1, view.zoom * 3), ...at(event)) : fit()));

const acts = { in: () => zoomTo(view.zoom * 1.5), out: () => zoomTo(view.zoom / 1.5), fit, one: () => zoomTo(1 / (devicePixelRatio || 1)) };
for (const button of document.querySelectorAll(".viewer-tools [data-do]")) button.addEventListener("click", acts[button.dataset.do]);
const keys = { "+": acts.in, "=": acts.in, "-": acts.out, 0: fit, 1: acts.one,
  ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0), ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60) };
canvas.addEventListener("keydown", (event) => {
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
});
new ResizeObserver(() => { if (view.fitted) fit(); else { hold(); paint(); } }).observe(canvas);
source.addEventListener("load", () => {
  Object.assign(pixels.canvas, { width: source.naturalWidth, height: source.naturalHeight });
  pixels.drawImage(source, 0, 0);
  canvas.dataset.ready = "yes";
  fit();
});
source.addEventListener("error", () => { readout.textContent = "The image could not be loaded; reload the page."; });
source.src = canvas.dataset.src;
