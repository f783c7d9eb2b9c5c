// The page: loads the model, checks it, and then does what it is asked to.

import { checkGoldens } from "./goldens.js";
import { PLANS } from "./plan.js";
import { benchmark, identity } from "./result.js";
import { BACKENDS, loadRuntime, openModel } from "./runtime.js";
import { save, send } from "./sending.js";
import { Trying } from "./trying.js";
import { element, facts, list, milliseconds, progress, say, time } from "./view.js";

const query = new URLSearchParams(location.search);
const state = { about: null, model: null, golden: null, trying: null, result: null };

async function fetched(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name} cannot be loaded (${answer.status}); has the server ended?`);
  return answer;
}

async function start() {
  const loading = loadRuntime(query.get("backend") ?? ""); // takes longest, and needs nothing of what follows
  loading.catch(() => {}); // is told where it is waited for
  const files = ["model/model.tflite", "model/golden.bin"].map((name) => fetched(name).then((answer) => answer.arrayBuffer()));
  files.forEach((file) => file.catch(() => {}));
  const about = await (await fetched("model/model.json")).json();
  state.about = about;
  document.title = `${about.name} – edgecomp phone`;
  say("name", about.name);
  say("facts", `${about.scheme}, ${(about.bytes / 1000).toLocaleString("en", { maximumFractionDigits: 0 })} kB`);
  say("where-results", about.takes_results ? "Measurements go to the computer that shows the link." : "");
  const [runtime, bytes, golden] = await Promise.all([loading, ...files]);
  say("verdict", "Preparing the model");
  const model = await openModel(runtime, new Uint8Array(bytes));
  model.match(about.contract);
  state.model = model;
  showBackend(model);
  await firstRun(model, about);
  await check(model, about, golden);
  progress("loading", null);
  offerBackends(model);
  element("mode").value = "quick";
  element("measure").disabled = false;
  offerTrying(model, about);
  if (query.has("go")) measure(); // for scripts, which have nobody to press the button
}

function showBackend(model) {
  const threads = model.threads > 1 ? `, ${model.threads} threads` : "";
  const name = model.backend === "wasm-threads" ? `WebAssembly${threads}` : BACKENDS[model.backend];
  say("backend", name);
  element("backend").dataset.backend = model.backend;
  list("backend-notes", [], model.notes);
}

async function firstRun(model, about) {
  const arrays = about.inputs.map(({ dtype, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return dtype === "float32" ? new Float32Array(size) : dtype === "int32" ? new Int32Array(size) : new Uint8Array(size);
  });
  const before = performance.now();
  await model.run(arrays, about.contract);
  model.firstMs = performance.now() - before;
  model.firstAnswerMs = performance.now(); // since the page was asked for
}

async function check(model, about, stored) {
  if (!about.golden) return say("verdict", "The bundle has no golden samples to check with.");
  const golden = await checkGoldens(model, about, stored, (share) => progress("loading", share));
  state.golden = golden;
  const steps = golden.max_steps === null ? "not a number" : `${Number(golden.max_steps.toPrecision(2))} quantization steps`;
  say("verdict", golden.passed ? "Computes what it must" : "Computes something else", golden.passed ? "good" : "bad");
  const found = golden.max_steps === 0 ? "outputs differ by 0 steps" : `outputs differ by ${steps} at the most`;
  return say("verdict-detail", `${golden.samples} golden samples: ${found}. Up to ${golden.tolerance_steps} steps are allowed.`);
}

function offerBackends(model) {
  const options = model.offered.map((name) => new Option(BACKENDS[name], name, false, name === model.backend));
  element("wanted").replaceChildren(...options);
  element("wanted").addEventListener("change", (event) => {
    query.set("backend", event.target.value);
    location.search = query; // LiteRT.js cannot change its build while a page lives
  });
}

function offerTrying(model, about) {
  const trying = new Trying(model, about);
  state.trying = trying;
  if (trying.obstacle) {
    element("try-photos").replaceChildren();
    element("try-photos").textContent = trying.obstacle;
    return;
  }
  const input = element("photo");
  input.disabled = false;
  input.addEventListener("change", async () => {
    if (input.files[0]) await trying.file(input.files[0]);
    input.value = "";
  });
  if (navigator.mediaDevices?.getUserMedia) {
    element("camera").disabled = false;
    element("camera").addEventListener("click", () => trying.camera());
  } else {
    say("camera-note", "Browsers show the camera only to pages that come by HTTPS. A photo will do.");
  }
}

async function measure() {
  const { model, about, golden, trying } = state;
  const button = element("measure");
  if (state.stopping) return state.stopping.abort();
  trying?.stop?.();
  state.stopping = new AbortController();
  button.textContent = "Stop";
  say("bench-verdict", "Measuring. Leave the phone alone.");
  list("bench-notes", [], []);
  try {
    const plan = PLANS[query.get("mode")] ?? PLANS[element("mode").value];
    const show = (share) => progress("bench-progress", share);
    show(0);
    const result = { ...(await benchmark(model, about, plan, show, state.stopping.signal)), golden };
    state.result = result;
    await bring(result);
  } catch (error) {
    say("bench-verdict", error.name === "AbortError" ? "Stopped; nothing was kept." : error.message, error.name === "AbortError" ? "" : "bad");
  } finally {
    state.stopping = null;
    progress("bench-progress", null);
    button.textContent = "Again";
  }
  return undefined;
}

async function bring(result) {
  const { latency_ms: latency, reasons, notes } = result;
  document.querySelector(".figure").hidden = false;
  const [p50, unit] = time(latency.p50);
  element("p50").textContent = p50;
  element("p50-unit").textContent = `${unit} in the median (p50)`;
  facts("bench-figures", [
    ["p90", milliseconds(latency.p90)],
    ["First run", milliseconds(result.first_ms)],
    ["Runs a second", result.throughput_per_second.toLocaleString("en", { maximumSignificantDigits: 3 })],
  ]);
  list("bench-notes", reasons, notes.filter((one) => !state.model.notes.includes(one)));
  element("download").hidden = false;
  const verdict = result.valid ? "Valid" : "Not valid";
  const kind = result.valid ? "good" : "bad";
  say("bench-verdict", verdict, kind);
  if (!state.about.takes_results) return;
  try {
    await send(result);
    say("bench-verdict", `${verdict}; sent to the computer`, kind);
  } catch (error) {
    say("bench-verdict", `${verdict}, but not sent: ${error.message}. Save it instead.`, "bad");
  }
}

async function failed(error) {
  progress("loading", null);
  say("verdict", "The model does not run in this browser", "bad");
  say("verdict-detail", String(error?.message ?? error).slice(0, 300));
  if (!state.about?.takes_results) return;
  const told = { ...(await identity(state.about, "")), failed: String(error?.message ?? error).slice(0, 300) };
  await send(told).catch(() => {}); // the page says it anyway
}

element("measure").addEventListener("click", measure);
element("download").addEventListener("click", () => save(state.result));
addEventListener("pagehide", () => state.trying?.stop());
start().catch(failed);
