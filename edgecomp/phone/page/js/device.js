// Which phone and browser this is, as far as the browser says.

const BROWSERS = [
  [/Edg(?:A|iOS)?\/([\d.]+)/, "Edge"],
  [/OPR\/([\d.]+)/, "Opera"],
  [/SamsungBrowser\/([\d.]+)/, "Samsung Internet"],
  [/(?:Firefox|FxiOS)\/([\d.]+)/, "Firefox"],
  [/HeadlessChrome\/([\d.]+)/, "Chrome, headless"],
  [/(?:Chrome|CriOS)\/([\d.]+)/, "Chrome"],
  [/Version\/([\d.]+).*Safari/, "Safari"],
];

export function browserName(agent = navigator.userAgent) {
  for (const [pattern, name] of BROWSERS) {
    const found = agent.match(pattern);
    if (found) return `${name} ${found[1].split(".")[0]}`;
  }
  return "an unknown browser";
}

/** `board`, `cpu`, `cpus` and `memory_bytes`, as the device package's results have them. */
export async function describeDevice() {
  const hints = (await navigator.userAgentData?.getHighEntropyValues?.(["model", "platformVersion", "architecture"])) ?? {};
  const system = [navigator.userAgentData?.platform || platform(), hints.platformVersion].filter(Boolean).join(" ");
  return {
    machine: system,
    device: {
      board: hints.model || system,
      cpu: hints.architecture || null,
      cpus: navigator.hardwareConcurrency ?? null,
      memory_bytes: null, // browsers give a rounded figure, which is none
    },
  };
}

function platform() {
  const agent = navigator.userAgent;
  const apple = agent.match(/(iPhone|iPad).*? OS ([\d_]+)/);
  if (apple) return `${apple[1]} iOS ${apple[2].replaceAll("_", ".")}`;
  const android = agent.match(/Android [\d.]+/);
  return android ? android[0] : navigator.platform || "a phone";
}
