const number = byId("state").dataset.job;
const words = JSON.parse(byId("words").textContent);
// What stands here in English is said so, unless the page brings other words for it.
function say(text, ...values) {
  return (words[text] ?? text).replace(/\{\}/g, () => String(values.shift()));
}
const LINES = 500, SPARKS = 120, WIDE = 420, HIGH = 220, LEFT = 54, BELOW = 24;
const state = { plan: 0, running: new Map(), done: new Map(), began: null, training: [], lines: [], sensors: new Map(), unread: new Map(), asked: 0, ended: null, report: false, last: 0 };

const short = (value) => (Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4))));
function sized(value, unit) {
  if (unit !== "B") return `${short(value)} ${unit}`;
  const [factor, name] = value >= 1e9 ? [1e9, "GB"] : value >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${Number((value / factor).toPrecision(3))} ${name}`;
}
function lasting(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.max(0, Math.round(seconds)), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  if (hours) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return minutes ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

// Each event changes what is known; the page is drawn from that.
const heard = {
  plan: (event) => { state.plan = event.jobs.length; },
  started: (event) => { state.running.set(event.job, Date.now()); },
  finished: (event) => { state.running.delete(event.job); state.done.set(event.job, event); },
  training: (event) => {
    // What came after the last checkpoint is made again.
    if (event.of.event === "resumed") state.training = state.training.filter((one) => (one.iteration ?? 0) <= event.of.iteration);
    state.training.push(event.of);
  },
  sample: (event) => {
    for (const one of event.values) {
      const name = `${one.subject} ${one.name}`;
      if (!state.sensors.has(name)) state.sensors.set(name, { unit: one.unit, title: `${SUBJECTS[one.subject] ?? one.subject} ${NAMES[one.name] ?? one.name}`, values: [] });
      const values = state.sensors.get(name).values;
      values.push(one.value);
      if (values.length > SPARKS) values.shift();
    }
    for (const one of event.unread) state.unread.set(one.what, one.reason);
  },
  line: (event) => { state.lines.push(event.text); if (state.lines.length > LINES) state.lines.shift(); },
  report: () => { state.report = true; },
  asked: (event) => { state.asked = event.times; },
  ended: (event) => { state.ended = event; state.report = event.report; },
};

const NAMES = { utilisation: say("utilisation"), used: say("used"), temperature: say("temperature"), power: say("power"), clock: say("clock"), "memory clock": say("memory clock") };
const SUBJECTS = { processor: say("processor"), memory: say("memory") };
function spark(values, unit) {
  const [low, high] = unit === "%" ? [0, 100] : [Math.min(...values), Math.max(...values)], span = high - low || 1;
  const places = values.map((value, at) => `${(100 * at / Math.max(1, values.length - 1)).toFixed(1)} ${(28 - 26 * (value - low) / span).toFixed(1)}`);
  const svg = drawn("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(drawn("path", { d: `M${places.join("L")}` }));
  return svg;
}
function sensors() {
  const cards = [...state.sensors].filter(([name]) => !name.endsWith(" total")).map(([name, { unit, title, values }]) => {
    const total = state.sensors.get(name.replace(/ used$/, " total"));
    const card = made("section", undefined, { class: "card" });
    const now = sized(values.at(-1), unit);
    const shown = name.endsWith(" used") && total ? say("{} of {}", now, sized(total.values.at(-1), "B")) : now;
    card.append(made("h3", title), made("p", shown, { class: "sensor" }));
    if (values.length > 1) card.append(spark(values, unit), made("p", say("from {} to {}", sized(Math.min(...values), unit), sized(Math.max(...values), unit)), { class: "soft" }));
    return card;
  });
  byId("sensors").replaceChildren(...cards);
  byId("unread").replaceChildren(...[...state.unread].map(([what, reason]) => made("li", say("{} cannot be read: {}", what, reason))));
  byId("sensors-part").hidden = !cards.length && !state.unread.size;
}

function losses() {
  const kinds = [[say("training"), "trained"], [say("held out"), "validation"]].map(([name, kind]) => [name, state.training.filter((one) => one.event === kind).map((one) => [one.iteration, one.loss])]);
  const shown = kinds.filter(([, points]) => points.length);
  byId("loss-part").hidden = !shown.length;
  if (!shown.length) return;
  const all = shown.flatMap(([, points]) => points);
  const xs = all.map((point) => point[0]), ys = all.map((point) => point[1]);
  const [right, low, high] = [Math.max(1, ...xs), Math.min(...ys), Math.max(...ys)];
  const across = (x) => LEFT + (WIDE - LEFT - 10) * x / right;
  const up = (y) => HIGH - BELOW - (HIGH - BELOW - 12) * (high > low ? (y - low) / (high - low) : 0.5);
  const last = shown.map(([name, points]) => say("{} {} after iteration {}", name, short(points.at(-1)[1]), points.at(-1)[0])).join(", ");
  const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": say("Loss: {}", last) });
  svg.append(drawn("path", { class: "axis", d: `M${LEFT} 6V${HIGH - BELOW}H${WIDE - 10}` }));
  for (const y of high > low ? [low, high] : [low]) svg.append(drawn("text", { class: "end", x: LEFT - 5, y: up(y) + 4 }, short(y)));
  svg.append(drawn("text", { class: "begin", x: LEFT, y: HIGH - 6 }, "0"), drawn("text", { class: "end", x: WIDE - 10, y: HIGH - 6 }, say("iteration {}", right)));
  shown.forEach(([, points], kind) => {
    svg.append(drawn("path", { class: `line k${kind}`, d: `M${points.map(([x, y]) => `${across(x).toFixed(1)} ${up(y).toFixed(1)}`).join("L")}` }));
    if (points.length <= 40) for (const [x, y] of points) svg.append(drawn("circle", { class: `mark k${kind}`, r: kind ? 4 : 2.5, cx: across(x), cy: up(y) }));
  });
  byId("loss").replaceChildren(svg);
  byId("loss-legend").replaceChildren(...shown.map(([name, points], kind) => {
    const item = made("li"), swatch = drawn("svg", { class: "swatch", viewBox: "0 0 16 16", "aria-hidden": "true" });
    swatch.append(drawn("circle", { class: `mark k${kind}`, r: 5, cx: 8, cy: 8 }));
    item.append(swatch, `${name}: ${short(points.at(-1)[1])}`);
    return item;
  }));
}

// A log line of training, in words.
const said = {
  started: (one) => say("device {} ({}), {}: {} of {} parameters are trained; {} examples, {} held out, {} iterations", one.device, one.device_title, one.dtype, short(one.trainable), short(one.parameters), one.training_examples, one.held_out_examples, one.iterations),
  trained: (one) => say("iteration {}  loss {}  {} tokens/s  peak {}", one.iteration, one.loss.toFixed(4), short(one.tokens / one.seconds), sized(one.peak_memory_bytes, "B")),
  validation: (one) => say("iteration {}  held-out loss {}", one.iteration, one.loss.toFixed(4)),
  checkpoint: (one) => say("iteration {}  saved {}", one.iteration, one.folder),
  resumed: (one) => say("going on after iteration {}", one.iteration),
};
const OUTCOMES = { passed: say("passed"), failed: say("failed"), errored: say("errored"), crashed: say("crashed"), timed_out: say("timed out"), out_of_memory: say("out of memory"), skipped: say("skipped") };
const outcomeOf = (outcome) => OUTCOMES[outcome] ?? outcome;
const BAD = new Set(["failed", "errored", "crashed", "timed_out", "out_of_memory"]);
function checks() {
  const done = [...state.done.values()], counts = new Map();
  for (const one of done) counts.set(one.outcome, (counts.get(one.outcome) ?? 0) + 1);
  byId("checks-part").hidden = !done.length;
  byId("tally").replaceChildren(...[...counts].map(([outcome, count]) => {
    const item = made("li", undefined, { class: outcome });
    item.append(made("b", String(count)), ` ${outcomeOf(outcome)}`);
    return item;
  }));
  // What is wrong comes first, then the newest.
  const order = [...done.filter((one) => BAD.has(one.outcome)), ...done.filter((one) => !BAD.has(one.outcome)).reverse()];
  byId("checks").replaceChildren(...order.map((one) => {
    const row = made("tr"), name = made("th", undefined, { scope: "row" });
    name.append(made("code", one.job));
    row.append(name, made("td", outcomeOf(one.outcome), { class: one.outcome }), made("td", lasting(one.seconds)), made("td", one.reason ?? ""));
    return row;
  }));
}
function running() {
  byId("running").replaceChildren(...[...state.running].map(([job]) => {
    const item = made("li");
    item.append(made("code", job));
    return item;
  }));
  byId("running-part").hidden = !state.running.size || Boolean(state.ended);
}
function far() {
  const start = state.training.find((one) => one.event === "started"), trained = state.training.filter((one) => one.event === "trained");
  const [done, all] = start ? [trained.at(-1)?.iteration ?? 0, start.iterations] : [state.done.size, state.plan];
  byId("bar").hidden = !all;
  if (!all) return;
  byId("bar").max = all;
  byId("bar").value = done;
  const counts = [done.toLocaleString("en"), all.toLocaleString("en")];
  byId("far").textContent = start ? say("{} of {} iterations, on {} ({})", ...counts, start.device, start.device_title) : say("{} of {} checks", ...counts);
}
function standing() {
  if (!state.ended) return ["running", `● ${state.asked ? say("ending") : say("running")}`];
  if (state.ended.code === 0) return ["certified", `✓ ${say("done")}`];
  const why = { 1: say("the verdict is: refused"), 2: say("the question could not be understood"), 3: say("it could not run, or was inconclusive"), 4: say("something was changed after it was written"), 5: say("a disk refused"), 130: say("it was interrupted") }[state.ended.code] ?? (state.asked ? say("it was cancelled") : "");
  return [state.asked ? "conditional" : "refused", `${state.asked ? "!" : "✗"} ${say("ended with {}", state.ended.code)}${why && ": "}${why}`];
}
function told(element, text) {
  // A screen reader speaks what changes, and only that.
  if (element.textContent !== text) element.textContent = text;
}
function show() {
  const [kind, word] = standing();
  byId("state").className = `verdict ${kind}`;
  told(byId("word"), `${word} · ${say("job {}", number)}`);
  far();
  running();
  losses();
  sensors();
  checks();
  const log = byId("log"), atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  const lines = [...state.training.map((one) => said[one.event]?.(one)).filter(Boolean), ...state.lines].slice(-LINES);
  told(log, lines.join("\n"));
  if (atEnd) log.scrollTop = log.scrollHeight;
  byId("log-part").hidden = !lines.length;
  byId("report").hidden = !state.report;
  byId("cancel").hidden = Boolean(state.ended);
  told(byId("cancel-button"), state.asked ? say("End it at once") : say("Cancel"));
  told(byId("cancel-said"), state.asked ? say("It was asked to end, and saves what it has.") : "");
  const resume = byId("resume");
  if (resume) resume.hidden = !state.ended || state.ended.code === 0 || !state.training.some((one) => one.event === "checkpoint");
  document.title = `${word.slice(2)} · ${say("job {}", number)}`;
}

let source = null, waiting = false;
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; show(); });
}
function listen() {
  if (source || state.ended) return;
  source = new EventSource(`/jobs/${number}/events?after=${state.last}`);
  source.onmessage = (message) => {
    const event = JSON.parse(message.data), at = Number(message.lastEventId);
    if (at <= state.last) return;
    state.last = at;
    heard[event.kind]?.(event);
    if (state.ended) quiet();
    soon();
  };
  source.onerror = () => { told(byId("word"), `! ${say("the server does not answer; what it told last stands here")}`); };
}
function quiet() {
  source?.close();
  source = null;
}
// A browser has few connections to a server: a tab that nobody sees keeps none.
document.addEventListener("visibilitychange", () => (document.hidden ? quiet() : listen()));
listen();
