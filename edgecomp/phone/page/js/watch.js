// Watches what a browser lets a page know of the phone while it measures: whether the tab was hidden, the battery, how
// often the screen is drawn, and pressure on the CPU.

const LOW_BATTERY = 0.2;
const SLOW_FRAME_MS = 28;
const FRAMES = 15;

export class Watch {
  constructor() {
    this.hidden = document.hidden;
    this.critical = false;
    this.seen = [];
    this.onChange = () => {
      this.hidden ||= document.hidden;
    };
  }

  /** Looks at the phone, and begins to watch. */
  async begin() {
    document.addEventListener("visibilitychange", this.onChange);
    this.frameMs = document.hidden ? null : await frameTime();
    this.battery = await batteryState();
    this.pressure = await pressureObserver((state) => {
      this.critical ||= state === "critical";
    });
  }

  /** Ends watching. */
  end() {
    document.removeEventListener("visibilitychange", this.onChange);
    this.pressure?.disconnect();
    this.hidden ||= document.hidden;
  }

  /** Reasons against the measurement, each beginning with what it is about. */
  reasons() {
    const found = [];
    if (this.hidden) found.push("tab hidden: browsers slow down pages that nobody sees; keep it in front");
    if (this.critical) found.push("throttled: the browser reports critical pressure on the CPU (heat or a weak supply)");
    if (this.frameMs > SLOW_FRAME_MS) {
      found.push(
        `low battery mode: suspected, since the screen is drawn every ${this.frameMs.toFixed(0)} ms only; turn it off`,
      );
    }
    return found;
  }

  /** What is worth knowing and no reason. */
  notes() {
    const { battery } = this;
    if (!battery || battery.charging || battery.level > LOW_BATTERY) return [];
    return [`the battery is at ${Math.round(battery.level * 100)}%, and many phones slow down then`];
  }

  /** What this browser does not say. */
  missing() {
    const found = ["temperature", "clock rate", "governor", "load by others", "swap", "memory"];
    if (!this.pressure) found.push("throttling");
    if (!this.battery) found.push("battery");
    return found;
  }
}

// The time between two drawings of the screen; phones that save power draw half as often.
async function frameTime() {
  const times = [];
  let before = null;
  await new Promise((resolve) => {
    const limit = setTimeout(resolve, 1500);
    const step = (now) => {
      if (before !== null) times.push(now - before);
      before = now;
      if (times.length < FRAMES) return requestAnimationFrame(step);
      clearTimeout(limit);
      return resolve();
    };
    requestAnimationFrame(step);
  });
  return times.length < FRAMES ? null : times.sort((a, b) => a - b)[FRAMES >> 1];
}

async function batteryState() {
  try {
    const { level, charging } = await navigator.getBattery();
    return { level, charging };
  } catch {
    return null;
  }
}

async function pressureObserver(report) {
  if (!("PressureObserver" in globalThis)) return null;
  try {
    const observer = new PressureObserver((records) => records.forEach((one) => report(one.state)));
    await observer.observe("cpu", { sampleInterval: 1000 });
    return observer;
  } catch {
    return null;
  }
}
