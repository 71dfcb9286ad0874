const data = JSON.parse(document.getElementById("data").textContent);
const CARDS = 24, ROWS = 50, WIDE = 420, HIGH = 150, LEFT = 54, BELOW = 22;

function number(value) {
  if (value === null || value === undefined) return "—";
  const size = Math.abs(value);
  return size >= 1000 && size < 1e12 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}
const has = (words, text) => text.toLowerCase().split(/\s+/).every((word) => words.toLowerCase().includes(word));
// What stands here in English is said so, unless the page brings other words for it.
function say(text, ...values) {
  return (data.words[text] ?? text).replace(/\{\}/g, () => String(values.shift()));
}
const many = (count, one, several) => (count === 1 ? one : several).replace("{}", count.toLocaleString("en"));
const values = (count) => many(count, say("{} value", "{}"), say("{} values", "{}"));
const figures = (count) => many(count, say("{} figure", "{}"), say("{} figures", "{}"));
const VERDICTS = { certified: say("certified"), conditional: say("conditional"), refused: say("refused"), "not judged": say("not judged") };
const SHAPES = { steady: say("steady"), steps: say("steps"), drift: say("drift"), "too few": say("too few") };

// Courses: a picture for each, made when it is shown.
let shown = CARDS;
const courseTools = byId("course-tools");
for (const name of new Set(data.courses.map((one) => `${one.environment} ${one.machine}`)))
  courseTools.elements.machine.append(made("option", name));

function course(one) {
  const card = made("section", undefined, { class: "card" });
  const about = [one.unit === "1" ? "" : one.unit, one.conditions, `${one.environment} ${one.machine}`].filter(Boolean).join("; ");
  card.append(made("h3", `${one.check} ${one.name}`), made("p", about, { class: "soft" }));
  card.append(picture(one));
  for (const step of one.steps) {
    const better = (step.after > step.before) === (one.better === "higher");
    const ratio = step.before ? say(", {} times as much", number(step.after / step.before)) : "";
    card.append(made("p", say("From number {} on: {} to {}{}: {}.", step.first, number(step.before), number(step.after), ratio, better ? say("better") : say("worse")), { class: better ? "passed" : "failed" }));
    card.append(made("p", step.beside.length ? say("Beside it: {}", step.beside.join("; ")) : say("Nothing that the reports know changed with it."), { class: "soft" }));
  }
  card.append(made("p", say("{}: {}", values(one.count), SHAPES[one.shape]), { class: "soft" }));
  return card;
}
function picture(one) {
  const xs = one.points.map((point) => point[0]), ys = one.points.map((point) => point[1]);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const across = (x) => LEFT + (WIDE - LEFT - 8) * (right > left ? (x - left) / (right - left) : 0.5);
  const up = (y) => HIGH - BELOW - (HIGH - BELOW - 10) * (high > low ? (y - low) / (high - low) : 0.5);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": say("{}: {} from {} to {} {}", one.name, values(one.count), number(low), number(high), one.unit) });
  svg.append(drawn("path", { class: "axis", d: `M${LEFT} 5V${HIGH - BELOW}H${WIDE - 8}` }));
  for (const y of high > low ? [low, high] : [low]) svg.append(drawn("text", { class: "end", x: LEFT - 5, y: up(y) + 4 }, number(y)));
  for (const x of right > left ? [left, right] : [left]) svg.append(drawn("text", { class: x === left ? "begin" : "end", x: across(x), y: HIGH - 6 }, say("no. {}", x)));
  for (const step of one.steps) svg.append(drawn("path", { class: "reference", d: `M${across(step.first - 0.5).toFixed(1)} 5V${HIGH - BELOW}` }));
  const places = one.points.map(([x, y]) => `${across(x).toFixed(1)} ${up(y).toFixed(1)}`);
  svg.append(drawn("path", { class: "line k0", d: `M${places.join("L")}` }));
  if (places.length <= 40) for (const [x, y] of one.points) svg.append(drawn("circle", { class: "mark k0", r: 3, cx: across(x), cy: up(y) }));
  return svg;
}
function courses() {
  const { text, machine, steps } = courseTools.elements;
  const found = data.courses.filter((one) =>
    (!machine.value || machine.value === `${one.environment} ${one.machine}`) && (!steps.checked || one.steps.length) &&
    has(`${one.check} ${one.name} ${one.conditions} ${one.unit}`, text.value));
  byId("course-cards").replaceChildren(...found.slice(0, shown).map(course));
  byId("course-count").textContent = say("{}, {} shown", figures(found.length), Math.min(shown, found.length));
  byId("course-more").hidden = found.length <= shown;
}
data.courses.sort((one, other) => other.steps.length - one.steps.length);
courseTools.addEventListener("input", () => { shown = CARDS; courses(); });
byId("course-more").addEventListener("click", () => { shown += CARDS; courses(); });

// Reports: a table that is sorted by any column, a page at a time.
const COLUMNS = [say("report"), say("environment"), say("machine"), say("number"), say("created"), say("level"), say("verdict"), say("passed"), say("planned"), say("lock")];
const order = { column: 4, down: true };
let page = 0;
function heads(table, columns, order, again) {
  const row = table.tHead.rows[0];
  row.replaceChildren(...columns.map((name, column) => {
    const sorted = order.column === column;
    const head = made("th", undefined, { scope: "col", "aria-sort": sorted ? (order.down ? "descending" : "ascending") : "none" });
    const button = made("button", name + (sorted ? (order.down ? " ↓" : " ↑") : ""), { type: "button" });
    button.addEventListener("click", () => {
      order.down = sorted ? !order.down : false;
      order.column = column;
      again();
      table.tHead.rows[0].cells[column].firstChild.focus();
    });
    head.append(button);
    return head;
  }));
}
function compared(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one ?? "").localeCompare(String(other ?? ""), "en");
}
function reports() {
  const { text, verdict } = byId("report-tools").elements;
  const found = data.reports.filter((row) => (!verdict.value || row[6] === verdict.value) && has(row.join(" "), text.value));
  found.sort((one, other) => compared(one[order.column], other[order.column]) * (order.down ? -1 : 1));
  page = Math.max(0, Math.min(page, Math.ceil(found.length / ROWS) - 1));
  const rows = found.slice(page * ROWS, (page + 1) * ROWS).map((row) => {
    const line = made("tr");
    row.forEach((cell, column) => line.append(made("td", column === 6 ? VERDICTS[cell] : String(cell), column === 6 ? { class: `plate ${cell.replace(" ", "-")}` } : {})));
    return line;
  });
  const table = byId("report-table");
  heads(table, COLUMNS, order, reports);
  table.tBodies[0].replaceChildren(...rows);
  byId("report-count").textContent = found.length ? say("{} to {} of {} reports", page * ROWS + 1, page * ROWS + rows.length, found.length.toLocaleString("en")) : say("none");
  byId("report-back").disabled = page === 0;
  byId("report-on").disabled = (page + 1) * ROWS >= found.length;
}
byId("report-tools").addEventListener("input", () => { page = 0; reports(); });
byId("report-back").addEventListener("click", () => { page -= 1; reports(); });
byId("report-on").addEventListener("click", () => { page += 1; reports(); });

// Compare: figures that two reports both have, by how far they are apart.
const FIGURES = [say("check"), say("figure"), say("conditions"), say("before"), say("after"), say("unit"), say("after over before"), say("which is")];
const SAID = { same: say("the same"), better: say("better"), worse: say("worse"), within: say("within the samples") };
const farthest = { column: 6, down: true };
const compareTools = byId("compare-tools");
const newest = data.reports.filter((row) => data.taken.reports[row[0]]).reverse();
for (const [name, first] of [["before", 1], ["after", 0]]) {
  const choice = compareTools.elements[name];
  for (const row of newest) choice.append(made("option", `${row[4].slice(0, 10)} ${row[1]} ${row[2]} ${say("no. {}", row[3])} ${VERDICTS[row[6]]}`, { value: row[0] }));
  choice.selectedIndex = Math.min(first, newest.length - 1);
}
function apart(one, other) {
  const ends = ([, value, low, high]) => [low ?? value, high ?? value];
  const [low, high] = ends(one), [lower, higher] = ends(other);
  return high < lower || higher < low;
}
function comparison() {
  const { before, after, text, sure } = compareTools.elements;
  const others = new Map((data.taken.reports[after.value] ?? []).map((one) => [one[0], one]));
  const both = (data.taken.reports[before.value] ?? []).filter((one) => others.has(one[0]));
  const rows = both.map((one) => {
    const other = others.get(one[0]), [check, name, conditions, unit, direction] = data.taken.figures[one[0]];
    const ratio = one[1] && other[1] / one[1] > 0 ? other[1] / one[1] : null;
    const better = (other[1] > one[1]) === (direction === "higher");
    const said = one[1] === other[1] ? "same" : apart(one, other) ? (better ? "better" : "worse") : "within";
    return { cells: [check, name, conditions, one[1], other[1], unit, ratio, said], far: ratio ? Math.abs(Math.log(ratio)) : -1, sure: apart(one, other) && one[1] !== other[1] };
  });
  const found = rows.filter((row) => (!sure.checked || row.sure) && has(row.cells.slice(0, 3).join(" "), text.value));
  const key = (row) => (farthest.column === 6 ? row.far : row.cells[farthest.column]);
  found.sort((one, other) => compared(key(one), key(other)) * (farthest.down ? -1 : 1));
  const table = byId("compare-table");
  heads(table, FIGURES, farthest, comparison);
  table.tBodies[0].replaceChildren(...found.slice(0, 200).map((row) => {
    const line = made("tr"), kinds = { better: "passed", worse: "failed" };
    row.cells.forEach((cell, column) => line.append(made("td", column === 7 ? SAID[cell] : column >= 3 && column !== 5 ? number(cell) : cell, column === 7 && kinds[cell] ? { class: kinds[cell] } : {})));
    return line;
  }));
  byId("compare-count").textContent = newest.length < 2 ? say("There are not two reports with figures.") : say("{} of {} that both have{}", found.length, figures(both.length), found.length > 200 ? say(", 200 shown") : "");
}
compareTools.addEventListener("input", comparison);
for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());

// A certificate ends by its age, on the reader's clock too.
for (const time of document.querySelectorAll("time"))
  if (new Date(time.dateTime) < new Date()) time.after(made("b", ` ${say("lapsed")}`, { class: "failed" }));
courses();
reports();
comparison();
