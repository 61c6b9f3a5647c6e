// Five sliders: the curve follows at once, particles and the map of states as soon as the hand rests.
const $ = (selector) => document.querySelector(selector);
const form = $(".sliders"), inputs = [...form.querySelectorAll("input[type=range]")];
const plot = $(".rdf svg"), box = $(".particles canvas"), map = $(".map canvas");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// A slider's place and the number it stands for.
function numberAt(input, share) {
  const low = Number(input.dataset.low), high = Number(input.dataset.high);
  if ("log" in input.dataset) return low * (high / low) ** share;
  return "whole" in input.dataset ? Math.round(low + share * (high - low)) : low + share * (high - low);
}
function place(input, value) {
  const low = Number(input.dataset.low), high = Number(input.dataset.high);
  const share = "log" in input.dataset ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  input.value = Math.round(share * input.max);
}
const valueOf = (input) => Number(numberAt(input, input.value / input.max).toPrecision(3));
const numbers = () => new URLSearchParams(inputs.map((input) => [input.name, valueOf(input)]));

async function ask(address) {
  const answer = await fetch(address), told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

// One request at a time; of those that come meanwhile only the last counts.
function latest(work, wait = 0) {
  let busy = false, again = false, timer = 0;
  const go = async () => {
    if (busy) { again = true; return; }
    busy = true;
    do { again = false; await work(); } while (again);
    busy = false;
  };
  return () => { clearTimeout(timer); if (wait) timer = setTimeout(go, wait); else go(); };
}

const said = (error) => (error instanceof TypeError ? "The studio does not answer; is it still running in the terminal?" : error.message);

function part(kind, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

const LEFT = 52, RIGHT = 548, TOP = 10, BOTTOM = 340, LOWEST = -2, HIGHEST = 3.2;
const px = (r) => LEFT + (RIGHT - LEFT) * r / 10;
const py = (g) => BOTTOM - (BOTTOM - TOP) * (Math.min(Math.max(Math.log10(Math.max(g, 1e-9)), LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST);

function drawCurve({ r, g, low, high }, diameter) {
  const parts = [];
  for (let power = -2; power <= 3; power += 1) {
    parts.push(part("line", { class: power === 0 ? "one" : "grid", x1: LEFT, x2: RIGHT, y1: py(10 ** power), y2: py(10 ** power) }));
    parts.push(part("text", { x: LEFT - 8, y: py(10 ** power) + 4, "text-anchor": "end" }, String(10 ** power)));
  }
  for (let x = 0; x <= 10; x += 2) parts.push(part("text", { x: px(x), y: BOTTOM + 18, "text-anchor": "middle" }, String(x)));
  parts.push(part("text", { x: (LEFT + RIGHT) / 2, y: BOTTOM + 36, "text-anchor": "middle" }, "distance r, in bead diameters"));
  parts.push(part("line", { class: "contact", x1: px(diameter), x2: px(diameter), y1: TOP, y2: BOTTOM }));
  parts.push(part("text", { x: px(diameter) - 6, y: TOP + 12, "text-anchor": "end" }, "r = D"));
  const points = (values) => r.map((x, k) => `${px(x).toFixed(1)},${py(values[k]).toFixed(1)}`);
  parts.push(part("polygon", { class: "band", points: [...points(high), ...points(low).reverse()].join(" ") }));
  parts.push(part("polyline", { class: "line", points: points(g).join(" ") }));
  plot.replaceChildren(...parts);
}

const curve = latest(async () => {
  const asked = numbers(), began = performance.now();
  try {
    const told = await ask(`/nanonet/curve.json?${asked}`);
    drawCurve(told, Number(asked.get("D")));
    const took = performance.now() - began;
    plot.dataset.took = took.toFixed(1);
    plot.dataset.asked = asked.toString();
    $(".took").textContent = `in ${took.toFixed(0)} ms`;
    $(".verdict").className = told.in_range ? "verdict" : "verdict guess";
    $(".verdict").textContent = `${told.state[0].toUpperCase()}${told.state.slice(1)}: first peak ${told.first_peak_g.toPrecision(3)} at ${told.first_peak_r.toFixed(2)}`;
    $(".basis").textContent = told.in_range ? "Simulations enclose this composition." : `${told.outside}: this rests on ${told.basis === "theory" ? "theory" : "neither simulation nor theory"}.`;
  } catch (error) {
    plot.replaceChildren();
    $(".verdict").className = "verdict";
    $(".verdict").textContent = "No answer here";
    $(".basis").textContent = said(error);
  }
});

// Particles as shaded balls, the far ones paler; a drag or the arrow keys turn the box.
const view = { told: null, yaw: 0.5, pitch: 0.35 };
function sized(canvas, ratio) {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio)), height = Math.round(width * ratio);
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return canvas.getContext("2d");
}
function turned([x, y, z]) {
  const a = x * Math.cos(view.yaw) + z * Math.sin(view.yaw), depth = z * Math.cos(view.yaw) - x * Math.sin(view.yaw);
  return [a, y * Math.cos(view.pitch) - depth * Math.sin(view.pitch), depth * Math.cos(view.pitch) + y * Math.sin(view.pitch)];
}
function drawParticles() {
  const context = sized(box, 0.82), { width, height } = box;
  context.clearRect(0, 0, width, height);
  if (!view.told) return;
  const { positions, box: edge, diameter } = view.told, scale = height / (edge * 1.62);
  const at = (p) => { const [x, y, z] = turned(p.map((v) => v - edge / 2)), near = 1 + 0.12 * z / edge; return [width / 2 + x * scale * near, height / 2 - y * scale * near, z, near]; };
  context.strokeStyle = colour("line");
  context.lineWidth = devicePixelRatio;
  for (let k = 0; k < 8; k += 1) {
    for (const bit of [1, 2, 4]) {
      if (k & bit) continue;
      const [from, to] = [k, k | bit].map((c) => at([c & 1 ? edge : 0, c & 2 ? edge : 0, c & 4 ? edge : 0]));
      context.beginPath();
      context.moveTo(from[0], from[1]);
      context.lineTo(to[0], to[1]);
      context.stroke();
    }
  }
  const accent = colour("accent"), paper = colour("sunk");
  for (const [x, y, z, near] of positions.map(at).sort((a, b) => a[2] - b[2])) {
    const radius = Math.max(1.5, diameter / 2 * scale * near), shade = context.createRadialGradient(x - radius * 0.35, y - radius * 0.35, radius * 0.1, x, y, radius);
    const far = Math.min(1, Math.max(0, 0.5 - z / edge / 1.8));
    shade.addColorStop(0, `color-mix(in srgb, white 55%, ${accent})`);
    shade.addColorStop(0.45, accent);
    shade.addColorStop(1, `color-mix(in srgb, black 45%, ${accent})`);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = paper;
    context.fill();
    context.globalAlpha = 1 - 0.55 * far;
    context.fillStyle = shade;
    context.fill();
    context.globalAlpha = 1;
  }
}
const particles = latest(async () => {
  try {
    view.told = await ask(`/nanonet/particles.json?${numbers()}`);
    $(".source").textContent = `in a box of ${view.told.box.toFixed(1)}, ${view.told.source}`;
    box.dataset.count = view.told.positions.length;
  } catch (error) {
    view.told = null;
    $(".source").textContent = said(error);
  }
  drawParticles();
}, 250);
let held = null;
box.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; box.setPointerCapture(event.pointerId); });
box.addEventListener("pointermove", (event) => {
  if (!held) return;
  view.yaw += (event.clientX - held[0]) / 150;
  view.pitch += (event.clientY - held[1]) / 150;
  held = [event.clientX, event.clientY];
  drawParticles();
});
for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => { held = null; });
box.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
  if (!step) return;
  event.preventDefault();
  view.yaw += step[0];
  view.pitch += step[1];
  drawParticles();
});

// The map of states; a click takes two of the sliders there.
const chart = { told: null };
const edges = () => ({ left: 58 * devicePixelRatio, bottom: 40 * devicePixelRatio, top: 6 * devicePixelRatio, right: 8 * devicePixelRatio });
const input = (name) => form.elements[name];
function share(name) { return input(name).value / input(name).max; }
function drawMap() {
  const context = sized(map, 0.82), { width, height } = map, { left, bottom, top, right } = edges();
  context.clearRect(0, 0, width, height);
  if (!chart.told) return;
  const { state, inside, states, axes, across, up } = chart.told, rows = state.length, columns = state[0].length;
  const w = (width - left - right) / columns, h = (height - bottom - top) / rows, colours = states.map(colour);
  const x0 = (i) => Math.round(left + i * w), y0 = (j) => Math.round(top + (rows - j) * h);
  state.forEach((row, j) => row.forEach((one, i) => {
    context.globalAlpha = inside[j][i] ? 0.95 : 0.34;
    context.fillStyle = colours[one];
    context.fillRect(x0(i), y0(j + 1), x0(i + 1) - x0(i), y0(j) - y0(j + 1));
  }));
  context.globalAlpha = 1;
  context.fillStyle = colour("quiet");
  context.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  const words = (value) => Number(value.toPrecision(2)).toString();
  context.textAlign = "left";
  context.fillText(words(axes[across][0]), left, height - bottom + 16 * devicePixelRatio);
  context.textAlign = "right";
  context.fillText(words(axes[across][columns - 1]), width - right, height - bottom + 16 * devicePixelRatio);
  context.fillText(words(axes[up][rows - 1]), left - 6 * devicePixelRatio, top + 12 * devicePixelRatio);
  context.fillText(words(axes[up][0]), left - 6 * devicePixelRatio, height - bottom);
  context.textAlign = "center";
  context.fillText(across, (left + width - right) / 2, height - 8 * devicePixelRatio);
  context.fillText(up, left / 2 - 2 * devicePixelRatio, (top + height - bottom) / 2);
  const x = left + share(across) * (width - left - right), y = height - bottom - share(up) * (height - bottom - top);
  context.lineWidth = 2 * devicePixelRatio;
  for (const [radius, ink] of [[6, "#fff"], [8, "#000"]]) {
    context.strokeStyle = ink;
    context.beginPath();
    context.arc(x, y, radius * devicePixelRatio, 0, 2 * Math.PI);
    context.stroke();
  }
}
const states = latest(async () => {
  const asked = numbers();
  asked.set("across", $(".across").value);
  asked.set("up", $(".up").value);
  try {
    chart.told = await ask(`/nanonet/map.json?${asked}`);
    map.dataset.shown = `${chart.told.across} ${chart.told.up}`;
  } catch (error) {
    chart.told = null;
    $(".basis").textContent = said(error);
  }
  drawMap();
}, 250);
map.addEventListener("click", (event) => {
  if (!chart.told) return;
  const bounds = map.getBoundingClientRect(), { left, bottom, top, right } = edges();
  const x = (event.clientX - bounds.left) * devicePixelRatio, y = (event.clientY - bounds.top) * devicePixelRatio;
  const along = Math.min(1, Math.max(0, (x - left) / (map.width - left - right)));
  const high = Math.min(1, Math.max(0, (map.height - bottom - y) / (map.height - bottom - top)));
  input(chart.told.across).value = Math.round(along * input(chart.told.across).max);
  input(chart.told.up).value = Math.round(high * input(chart.told.up).max);
  moved();
});
// Two axes of one name make no map: the other one takes what this one had.
const before = new Map();
for (const select of [$(".across"), $(".up")]) {
  before.set(select, select.value);
  select.addEventListener("change", () => {
    const other = select === $(".across") ? $(".up") : $(".across");
    if (other.value === select.value) other.value = before.get(select);
    for (const one of [select, other]) before.set(one, one.value);
    states();
  });
}

function moved() {
  for (const one of inputs) {
    one.parentElement.querySelector("output").textContent = `${valueOf(one)} ${one.dataset.unit}`.trim();
    one.setAttribute("aria-valuetext", `${valueOf(one)} ${one.dataset.unit}`.trim());
  }
  $(".to-form").href = `/tasks/nanonet-predict?${numbers()}`;
  curve();
  particles();
  states();
  drawMap();
}
for (const one of inputs) {
  place(one, Number(new URLSearchParams(location.search).get(one.name)) || Number(one.dataset.value));
  one.addEventListener("input", moved);
}
form.addEventListener("submit", (event) => event.preventDefault());
const again = () => { drawParticles(); drawMap(); };
addEventListener("resize", again);
document.addEventListener("themechange", again);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
moved();
