// Draws masks over a still: mouse, finger and keyboard. A mask is a list of [x, y] corners in ten-thousandths of the
// picture. Without this script the page has the same masks and a rectangle to type in.

const SCALE = 10000;
const STEP = 100; // one arrow key: 1 % of the picture
const SMALL_STEP = 10; // with Shift
const LEAST = 150; // what is smaller than this was a tap, not a mask
const NEXT_PICTURE_MS = 1200; // the recorder gives one a second at most
const MOST_UNDO = 100;
const SVG = "http://www.w3.org/2000/svg";

const form = document.getElementById("masks");
if (form) {
  edit(form);
  look();
}

function edit(form) {
  const words = JSON.parse(form.dataset.words);
  const most = JSON.parse(form.dataset.most);
  const area = document.getElementById("drawing");
  const shapes = document.getElementById("shapes");
  const list = document.getElementById("list");
  const field = document.getElementById("polygons");
  const pad = document.getElementById("pad");
  const undo = document.getElementById("undo");
  const view = shapes.viewBox.baseVal;
  // Masks of another view are saved as they are when somebody saw that they fit.
  const saveAnyway = form.dataset.saveAnyway !== undefined;
  const past = [];
  let masks = JSON.parse(field.value);
  const saved = JSON.stringify(masks);
  let chosen = null; // {mask, corner}
  let drag = null;

  const say = (text) => { document.getElementById("said").textContent = text; };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  const percent = (part) => `${Math.round(part / 10) / 10}%`;
  const whole = (part) => `${Math.round(part / (SCALE / 100))}%`;
  const within = (part) => Math.min(SCALE, Math.max(0, Math.round(part)));
  const copy = (value) => JSON.parse(JSON.stringify(value));

  // --- what changes the masks

  function remember(before) {
    if (before === JSON.stringify(masks)) return;
    past.push(before);
    if (past.length > MOST_UNDO) past.shift();
  }

  function change(act) {
    const before = JSON.stringify(masks);
    act();
    remember(before);
    show();
  }

  function add(polygon) {
    if (masks.length >= most.masks) return say(words.full);
    change(() => {
      masks.push(polygon);
      chosen = { mask: masks.length - 1, corner: 0 };
    });
    say(fill(words.added, { mask: masks.length }));
  }

  function remove(mask) {
    change(() => {
      masks.splice(mask, 1);
      chosen = null;
    });
    say(fill(words.removed, { mask: mask + 1 }));
    (list.querySelector("button") || document.getElementById("add")).focus();
  }

  function dropCorner({ mask, corner }) {
    if (masks[mask].length <= 3) return remove(mask);
    change(() => {
      masks[mask].splice(corner, 1);
      chosen = { mask, corner: corner % masks[mask].length };
    });
    focusChosen();
  }

  function insertCorner(mask) {
    const polygon = masks[mask];
    if (polygon.length >= most.corners) return say(words.full);
    const after = chosen && chosen.mask === mask ? chosen.corner : polygon.length - 1;
    const [one, other] = [polygon[after], polygon[(after + 1) % polygon.length]];
    change(() => {
      polygon.splice(after + 1, 0, [within((one[0] + other[0]) / 2), within((one[1] + other[1]) / 2)]);
      chosen = { mask, corner: after + 1 };
    });
    focusChosen();
  }

  function nudge({ mask, corner }, right, down, step) {
    change(() => {
      const [x, y] = masks[mask][corner];
      masks[mask][corner] = [within(x + right * step), within(y + down * step)];
    });
    say(cornerWords(mask, corner));
  }

  function goBack() {
    if (!past.length) return;
    masks = JSON.parse(past.pop());
    chosen = null;
    show();
    say(words.undone);
    if (undo.disabled) document.getElementById("add").focus();
  }

  // --- how it looks

  function cornerWords(mask, corner) {
    const [x, y] = masks[mask][corner];
    return fill(words.corner, { mask: mask + 1, corner: corner + 1, x: percent(x), y: percent(y) });
  }

  function maskWords(polygon) {
    const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
    return fill(words.place, {
      corners: polygon.length, left: whole(Math.min(...xs)), right: whole(Math.max(...xs)),
      top: whole(Math.min(...ys)), bottom: whole(Math.max(...ys)),
    });
  }

  function show() {
    field.value = JSON.stringify(masks);
    undo.disabled = !past.length;
    document.getElementById("save").disabled = field.value === saved && !saveAnyway;
    document.getElementById("unsaved").textContent = field.value === saved ? "" : words.unsaved;
    showShapes();
    showPoints();
    showList();
    pad.hidden = !chosen;
    if (chosen) document.getElementById("chosen").textContent = cornerWords(chosen.mask, chosen.corner);
  }

  function showShapes() {
    shapes.replaceChildren(...masks.flatMap((polygon, mask) => {
      const points = polygon.map(([x, y]) => [x * view.width / SCALE, y * view.height / SCALE]);
      const shape = document.createElementNS(SVG, "polygon");
      shape.setAttribute("points", points.map((point) => point.join(",")).join(" "));
      shape.setAttribute("class", chosen && chosen.mask === mask ? "chosen" : "");
      shape.dataset.mask = mask;
      const number = document.createElementNS(SVG, "text");
      number.textContent = mask + 1;
      ["x", "y"].forEach((name, at) => {
        number.setAttribute(name, points.reduce((sum, point) => sum + point[at], 0) / points.length);
      });
      return [shape, number];
    }));
  }

  // Corners are buttons, reached with Tab. They are moved, not made anew, so that focus stays where it is.
  function showPoints() {
    const wanted = masks.flatMap((polygon, mask) => polygon.map((_place, corner) => ({ mask, corner })));
    const points = [...area.querySelectorAll(".point")];
    while (points.length > wanted.length) points.pop().remove();
    while (points.length < wanted.length) {
      const point = document.createElement("button");
      point.type = "button";
      point.className = "point";
      points.push(area.appendChild(point));
    }
    wanted.forEach(({ mask, corner }, at) => {
      const [x, y] = masks[mask][corner];
      const point = points[at];
      Object.assign(point.dataset, { mask, corner });
      point.style.left = `${x * 100 / SCALE}%`;
      point.style.top = `${y * 100 / SCALE}%`;
      point.setAttribute("aria-label", cornerWords(mask, corner));
      point.setAttribute("aria-pressed", String(Boolean(chosen) && chosen.mask === mask && chosen.corner === corner));
    });
  }

  function showList() {
    const lines = masks.map((polygon, mask) => {
      const line = document.createElement("li");
      const name = document.createElement("strong");
      name.textContent = fill(words.mask, { mask: mask + 1 });
      line.append(name, `: ${maskWords(polygon)} `, document.createElement("br"));
      line.append(button(words.insert, mask, insertCorner), button(words.remove, mask, remove));
      return line;
    });
    if (!lines.length) {
      const line = document.createElement("li");
      line.textContent = words.none;
      lines.push(line);
    }
    list.replaceChildren(...lines);
  }

  function button(text, mask, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "quiet";
    made.textContent = fill(text, { mask: mask + 1 });
    made.addEventListener("click", () => act(mask));
    return made;
  }

  function pointOf({ mask, corner }) {
    return area.querySelector(`.point[data-mask="${mask}"][data-corner="${corner}"]`);
  }

  function focusChosen() {
    pointOf(chosen).focus({ preventScroll: true });
  }

  // --- mouse and finger

  function placeOf(event) {
    const box = area.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * SCALE, (event.clientY - box.top) / box.height * SCALE];
  }

  function grab(event) {
    if (event.button !== 0 || drag) return;
    const { mask, corner } = event.target.dataset;
    const isCorner = corner !== undefined;
    const kind = isCorner ? "corner" : mask !== undefined ? "mask" : "new";
    drag = { kind, from: placeOf(event), before: copy(masks), pointer: event.pointerId };
    if (kind === "new") {
      if (masks.length >= most.masks) { drag = null; return say(words.full); }
      drag.mask = masks.length;
      chosen = null;
    } else {
      drag.mask = Number(mask);
      drag.corner = Number(corner) || 0;
      chosen = { mask: drag.mask, corner: drag.corner };
    }
    area.setPointerCapture(event.pointerId);
    event.preventDefault(); // no text is selected, and focus goes where we put it
    show();
    if (chosen) focusChosen();
  }

  function move(event) {
    if (!drag || event.pointerId !== drag.pointer) return;
    const [x, y] = placeOf(event);
    const [right, down] = [x - drag.from[0], y - drag.from[1]];
    masks = copy(drag.before);
    if (drag.kind === "new") {
      if (!isLarge(right, down)) return show();
      masks.push(rectangle(drag.from, [x, y]));
    } else if (drag.kind === "corner") {
      const [oldX, oldY] = drag.before[drag.mask][drag.corner];
      masks[drag.mask][drag.corner] = [within(oldX + right), within(oldY + down)];
    } else {
      masks[drag.mask] = shifted(drag.before[drag.mask], right, down);
    }
    show();
  }

  function letGo(event) {
    if (!drag || event.pointerId !== drag.pointer) return;
    const done = drag;
    drag = null;
    if (event.type === "pointercancel") masks = done.before;
    remember(JSON.stringify(done.before));
    if (done.kind === "new" && masks.length > done.before.length) {
      chosen = { mask: done.mask, corner: 0 };
      say(fill(words.added, { mask: masks.length }));
    } else if (done.kind !== "new") {
      say(cornerWords(chosen.mask, chosen.corner));
    }
    show();
  }

  const isLarge = (right, down) => Math.abs(right) >= LEAST && Math.abs(down) >= LEAST;

  function rectangle(one, other) {
    const [left, right] = [one[0], other[0]].map(within).sort((a, b) => a - b);
    const [top, bottom] = [one[1], other[1]].map(within).sort((a, b) => a - b);
    return [[left, top], [right, top], [right, bottom], [left, bottom]];
  }

  // A mask that is moved keeps its shape, also at the edge of the picture.
  function shifted(polygon, right, down) {
    const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
    const bound = (by, parts) => Math.min(SCALE - Math.max(...parts), Math.max(-Math.min(...parts), by));
    return polygon.map(([x, y]) => [within(x + bound(right, xs)), within(y + bound(down, ys))]);
  }

  // --- keyboard

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function press(event) {
    if (!event.target.classList.contains("point") || event.ctrlKey || event.metaKey || event.altKey) return;
    const corner = { mask: Number(event.target.dataset.mask), corner: Number(event.target.dataset.corner) };
    if (event.key in ARROWS) {
      chosen = corner;
      nudge(corner, ...ARROWS[event.key], event.shiftKey ? SMALL_STEP : STEP);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      dropCorner(corner);
    } else {
      return;
    }
    event.preventDefault();
  }

  function focused(event) {
    if (drag || !event.target.classList.contains("point")) return;
    chosen = { mask: Number(event.target.dataset.mask), corner: Number(event.target.dataset.corner) };
    show();
  }

  area.classList.add("editing");
  area.addEventListener("pointerdown", grab);
  area.addEventListener("pointermove", move);
  area.addEventListener("pointerup", letGo);
  area.addEventListener("pointercancel", letGo);
  area.addEventListener("keydown", press);
  area.addEventListener("focusin", focused);
  form.addEventListener("keydown", (event) => {
    const types = event.target.matches("input");
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !types) {
      event.preventDefault();
      goBack();
    }
  });
  document.getElementById("add").addEventListener("click", () => {
    add(rectangle([3500, 3500], [6500, 6500]));
    if (chosen) focusChosen();
  });
  undo.addEventListener("click", goBack);
  document.getElementById("drop").addEventListener("click", () => chosen && dropCorner(chosen));
  for (const arrow of pad.querySelectorAll("[data-move]")) {
    const [right, down] = arrow.dataset.move.split(" ").map(Number);
    arrow.addEventListener("click", () => chosen && nudge(chosen, right, down, STEP));
  }
  for (const part of form.querySelectorAll(".only-script")) part.hidden = part === pad;
  for (const part of form.querySelectorAll(".no-script")) part.hidden = true;
  show();
}

// One picture after the other while the lens is open and somebody looks; never more than one a second.
function look() {
  const first = document.getElementById("still");
  if (!first) return;
  const address = first.getAttribute("src");
  let still = first;
  const isOpen = () => document.getElementById("lens").dataset.sight === "open";

  async function next() {
    if (!document.hidden && isOpen()) {
      const fresh = still.cloneNode();
      fresh.src = `${address}?at=${Date.now()}`;
      try {
        await fresh.decode();
        still.replaceWith(fresh);
        still = fresh;
      } catch {
        // It was refused, or somebody else looks, too: the picture before it stays.
      }
    }
    setTimeout(next, NEXT_PICTURE_MS);
  }
  setTimeout(next, NEXT_PICTURE_MS);
}
