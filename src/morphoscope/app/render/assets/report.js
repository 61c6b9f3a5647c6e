// Plots, sortable tables, overlays and copy buttons of a report; works offline and in the studio.
const role = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const still = matchMedia("(prefers-reduced-motion: reduce)");

function themed(layout, small) {
  const size = small ? { title: 11, tick: 10, standoff: 4 } : { title: 13, tick: 12, standoff: 10 };
  const ink = role("--ink"), quiet = role("--quiet"), grid = role("--plot-grid");
  const axis = (given = {}, most = Infinity) => ({
    gridcolor: grid, linecolor: role("--line"), tickcolor: role("--line"), zerolinecolor: grid, ticks: "outside", ticklen: 4,
    ...(small ? { nticks: 6 } : {}), ...(small && given.type === "log" ? { dtick: 1, minor: { ticks: "outside", ticklen: 2 } } : {}), ...given,
    title: { standoff: size.standoff, ...given.title, ...((given.title?.text ?? "").length > most ? { text: "" } : {}), font: { size: size.title, color: ink } }, tickfont: { size: size.tick, color: quiet },
  });
  return {
    ...layout, xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis, small ? 18 : Infinity), autosize: true,
    ...(small ? { margin: { l: 42, r: 8, t: 8, b: 34 } } : {}),
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: role("--sans"), color: quiet, size: size.tick },
    hoverlabel: { bgcolor: role("--card"), bordercolor: role("--line"), font: { color: ink, family: role("--sans") } },
    legend: { orientation: "h", traceorder: "normal", y: 1.02, yanchor: "bottom", x: 0, font: { color: ink, size: size.tick }, ...(small ? { orientation: "v", x: 1, xanchor: "right", y: 1, yanchor: "top" } : {}) },
  };
}

function traces(data) {
  const ink = role("--ink");
  return data.map((trace) => (trace.error_y ? { ...trace, error_y: { ...trace.error_y, color: ink } } : trace));
}

const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

async function draw(place, figure) {
  const small = Boolean(place.closest(".sheet-plot"));
  await window.Plotly.react(place, traces(figure.data), themed(figure.layout, small), { ...config, displayModeBar: small ? false : "hover" });
  place.dataset.drawn = "yes";
}

const positive = (data, axis) => data.every((t) => !t[axis] || t[axis].every((v) => v === null || typeof v === "number"))
  && data.some((t) => (t[axis] ?? []).some((v) => v > 0));

function tools(place, figure) {
  const bar = document.createElement("div");
  bar.className = "plot-tools";
  for (const axis of ["x", "y"]) {
    if (figure.data.some((t) => t.type !== "scatter") || !positive(figure.data, axis)) continue;
    const button = document.createElement("button");
    const settings = figure.layout[`${axis}axis`];
    if (settings.zeroline) continue;
    button.type = "button";
    button.textContent = `log ${axis}`;
    button.setAttribute("aria-pressed", String(settings.type === "log"));
    button.addEventListener("click", () => {
      settings.type = settings.type === "log" ? "linear" : "log";
      button.setAttribute("aria-pressed", String(settings.type === "log"));
      draw(place, figure);
    });
    bar.append(button);
  }
  if (bar.childElementCount) place.before(bar);
}

function plots(page) {
  const found = [];
  for (const place of page.querySelectorAll(".plot")) {
    const figure = JSON.parse(place.parentElement.querySelector('script[type="application/json"]').textContent);
    tools(place, figure);
    found.push([place, figure]);
  }
  if (!found.length || !window.Plotly) return;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target, found.find(([place]) => place === entry.target)[1]);
    }
  }, { rootMargin: "400px" });
  found.forEach(([place]) => seen.observe(place));
  const again = () => found.forEach(([place, figure]) => place.dataset.drawn && draw(place, figure));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  document.addEventListener("themechange", again);
  const root = document.documentElement, theme = root.dataset.theme;
  const printing = (on) => {
    root.classList.toggle("printing", on);
    if (on) root.dataset.theme = "light";
    else if (theme === undefined) delete root.dataset.theme;
    else root.dataset.theme = theme;
    found.forEach(([place, figure]) => draw(place, figure));
  };
  addEventListener("beforeprint", () => printing(true));
  addEventListener("afterprint", () => printing(false));
}

function key(cell) {
  if (!cell.classList.contains("num")) return cell.textContent;
  return cell.dataset.raw === "" ? null : Number(cell.dataset.raw);
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
}

export function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, index) => head.querySelector("button")?.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.hasAttribute("aria-sort") && other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[index]), row]);
    rows.sort(([a], [b]) => (a === null || b === null || up ? compare(a, b) : compare(b, a)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }));
}

function overlays(root) {
  for (const slider of root.querySelectorAll(".opacity input")) {
    const over = slider.closest("figure").querySelectorAll("img.over");
    slider.addEventListener("input", () => over.forEach((image) => { image.style.opacity = slider.value / 100; }));
  }
}

function copies(root) {
  for (const block of root.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${block.querySelector(".code-name").textContent}`);
    button.addEventListener("click", async () => {
      const text = block.querySelector("pre").textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        getSelection().selectAllChildren(block.querySelector("pre"));
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.append(button);
  }
}

plots(document);
document.querySelectorAll("table.sortable").forEach(sortable);
overlays(document);
copies(document);
document.documentElement.dataset.ready = still.matches ? "still" : "yes";
