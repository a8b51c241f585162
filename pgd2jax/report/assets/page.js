"use strict";
// Shows one scene at a time. Images are grey values of dB: 0 is no data, v is
// scene.low + (v - 1) * data.step; 1 may be anything darker.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $$ = (id) => document.getElementById(id);
  if (!data.scenes.length) return;
  $$("viewer").hidden = false;

  const state = { scene: 0, border: 50, row: 0, col: 0, images: {}, plots: [] };
  const current = () => data.scenes[state.scene];
  const decibel = (value) => (value ? current().low + (value - 1) * data.step : null);
  const wanted = (name, fallback) => (current().images[name] ? name : fallback);

  const option = (value, text) => {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = text;
    return made;
  };

  // The grey values of an image, decoded once per scene.
  const decode = async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, image.width, image.height).data;
    return Uint8Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i]);
  };

  const paint = (canvas, grey) => {
    const { rows, cols } = current();
    canvas.width = cols;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    const picture = context.createImageData(cols, rows);
    for (let i = 0; i < rows * cols; i++) {
      const value = grey(i);
      picture.data.set(value === null ? [90, 40, 60, 255] : [value, value, value, 255], 4 * i);
    }
    context.putImageData(picture, 0, 0);
  };

  const limits = () => {
    const black = Number($$("black").value);
    return [black, Math.max(Number($$("white").value), black + 1)];
  };

  const shade = (value) => {
    const level = decibel(value);
    if (level === null) return null;
    const [black, white] = limits();
    return Math.min(255, Math.max(0, (255 * (level - black)) / (white - black)));
  };

  const drawPair = () => {
    const left = state.images[$$("left").value];
    const right = state.images[$$("right").value];
    const edge = (state.border / 100) * current().cols;
    paint($$("pair"), (i) => shade((i % current().cols < edge ? left : right)[i]));
    $$("split").style.left = `${state.border}%`;
  };

  const drawSide = () => {
    const reference = state.images.reference;
    $$("reference").parentElement.hidden = !reference;
    if (reference) paint($$("reference"), (i) => shade(reference[i]));
    const right = state.images[$$("right").value];
    const noisy = state.images.noisy;
    $$("ratio-title").textContent = `Ratio: noisy over ${$$("right").value}`;
    paint($$("ratio"), (i) => {
      if (!noisy[i] || !right[i]) return null;
      const ratio = 10 ** ((decibel(noisy[i]) - decibel(right[i])) / 10);
      return Math.min(255, (255 * ratio) / 3);
    });
  };

  const drawRamp = () => {
    const [black, white] = limits();
    const context = $$("ramp").getContext("2d");
    const ramp = context.createLinearGradient(0, 0, 256, 0);
    ramp.addColorStop(0, "#000");
    ramp.addColorStop(1, "#fff");
    context.fillStyle = ramp;
    context.fillRect(0, 0, 256, 1);
    const step = [1, 2, 5, 10, 20, 50].find((s) => (white - black) / s <= 6) || 100;
    const ticks = [];
    for (let t = Math.ceil(black / step) * step; t <= white; t += step) {
      const tick = document.createElement("span");
      tick.textContent = String(t).replace("-", "−");
      tick.style.left = `${(100 * (t - black)) / (white - black)}%`;
      ticks.push(tick);
    }
    $$("ticks").replaceChildren(...ticks);
  };

  const shownNames = () =>
    [...new Set([$$("left").value, $$("right").value, wanted("reference", null)])].filter(Boolean);

  const colours = ["#8a8f94", "#d55e00", "#0f8f6b", "#b5579d"];
  const plot = (place, first, length, at) => {
    const names = shownNames();
    const ink = getComputedStyle(document.body).color;
    const axis = { stroke: ink, grid: { stroke: "#8884", width: 1 }, ticks: { stroke: "#8884" } };
    const series = names.map((name, n) => ({
      label: name,
      stroke: colours[n],
      width: n ? 1.6 : 1,
      value: (_, v) => (v === null ? "" : v.toFixed(1)),
    }));
    const values = names.map((name) =>
      Array.from({ length }, (_, i) => decibel(state.images[name][at(i)])),
    );
    place.replaceChildren();
    return new uPlot(
      {
        width: place.clientWidth,
        height: 210,
        scales: { x: { time: false } },
        axes: [{ ...axis }, { ...axis, size: 46 }],
        series: [{ label: "pixel" }, ...series],
      },
      [Array.from({ length }, (_, i) => first + i), ...values],
      place,
    );
  };

  const drawProfiles = () => {
    const { top, left, rows, cols } = current();
    for (const made of state.plots) made.destroy();
    state.plots = [
      plot($$("row-profile"), left, cols, (i) => state.row * cols + i),
      plot($$("col-profile"), top, rows, (i) => i * cols + state.col),
    ];
    $$("cross-row").style.top = `${(100 * (state.row + 0.5)) / rows}%`;
    $$("cross-col").style.left = `${(100 * (state.col + 0.5)) / cols}%`;
    $$("row").value = top + state.row;
    $$("col").value = left + state.col;
    const here = shownNames().map((name) => {
      const value = state.images[name][state.row * cols + state.col];
      const least = value === 1 ? "≤ " : "";
      return `${name} ${value ? `${least}${decibel(value).toFixed(1)} dB` : "no data"}`;
    });
    $$("values").textContent = here.join(" · ");
  };

  const drawMeasures = () => {
    const found = current().measures;
    const names = data.measures.filter(([name]) => found.some(([, row]) => name in row));
    const table = document.createElement("table");
    const line = (parent, kind, cells) => {
      const row = parent.insertRow();
      cells.forEach((text, n) => {
        const cell = document.createElement(kind === "th" || n === 0 ? "th" : "td");
        cell.textContent = text;
        row.append(cell);
      });
    };
    line(table.createTHead(), "th", ["this scene", ...names.map(([, head]) => head)]);
    const body = table.createTBody();
    for (const [method, row] of found) {
      const cells = names.map(([name, , digits]) =>
        name in row ? row[name].toFixed(digits).replace("-", "−") : "",
      );
      line(body, "td", [method, ...cells]);
    }
    $$("measures").replaceChildren(table);
  };

  const drawAll = () => {
    drawPair();
    drawSide();
    drawRamp();
    drawProfiles();
  };

  const move = (row, col) => {
    const { rows, cols } = current();
    state.row = Math.min(rows - 1, Math.max(0, Math.round(row) || 0));
    state.col = Math.min(cols - 1, Math.max(0, Math.round(col) || 0));
    drawProfiles();
  };

  const setBorder = (border) => {
    state.border = Math.min(100, Math.max(0, border));
    $$("border").value = state.border;
    drawPair();
  };

  const show = async (number) => {
    const count = data.scenes.length;
    state.scene = (number + count) % count;
    const scene = current();
    const names = Object.keys(scene.images);
    const decoded = await Promise.all(names.map((name) => decode(scene.images[name])));
    if (scene !== current()) return; // Another one was asked for meanwhile.
    state.images = Object.fromEntries(names.map((name, n) => [name, decoded[n]]));
    $$("scene").value = state.scene;
    for (const [id, preferred] of [["left", "noisy"], ["right", data.ours]]) {
      const kept = wanted($$(id).value, wanted(preferred, names[0]));
      $$(id).replaceChildren(...names.map((name) => option(name, name)));
      $$(id).value = kept;
    }
    // Tall strips stay on the screen.
    $$("stage").style.maxWidth = `calc(90vh * ${scene.cols / scene.rows})`;
    $$("black").value = scene.black;
    $$("white").value = scene.white;
    $$("row").min = scene.top;
    $$("col").min = scene.left;
    $$("row").max = scene.top + scene.rows - 1;
    $$("col").max = scene.left + scene.cols - 1;
    [state.row, state.col] = scene.brightest;
    drawAll();
    drawMeasures();
  };

  $$("scene").append(...data.scenes.map((scene, n) => option(n, `${n + 1}. ${scene.title}`)));
  $$("scene").addEventListener("change", () => show(Number($$("scene").value)));
  $$("previous").addEventListener("click", () => show(state.scene - 1));
  $$("next").addEventListener("click", () => show(state.scene + 1));
  for (const id of ["left", "right", "black", "white"]) $$(id).addEventListener("change", drawAll);
  $$("border").addEventListener("input", () => setBorder(Number($$("border").value)));
  for (const id of ["row", "col"]) {
    $$(id).addEventListener("change", () => {
      const { top, left } = current();
      move(Number($$("row").value) - top, Number($$("col").value) - left);
    });
  }

  const stage = $$("stage");
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  let pressed = null;
  stage.addEventListener("pointerdown", (event) => {
    pressed = event;
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (pressed && Math.abs(event.clientX - pressed.clientX) > 3) pressed.dragged = true;
    if (pressed && pressed.dragged) setBorder(100 * place(event)[0]);
  });
  stage.addEventListener("pointerup", (event) => {
    if (pressed && !pressed.dragged) {
      const [x, y] = place(event);
      move(Math.floor(y * current().rows), Math.floor(x * current().cols));
    }
    pressed = null;
  });
  stage.addEventListener("pointercancel", () => (pressed = null));
  stage.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [rows, cols] = moves[event.key];
    move(state.row + rows, state.col + cols);
  });

  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) drawProfiles();
    width = window.innerWidth;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawProfiles);
  show(0);
})();
