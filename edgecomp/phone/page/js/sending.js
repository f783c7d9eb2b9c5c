// Brings a result to whoever is to have it: the computer that serves the page, or a file on the phone.

/** Sends a result; throws with the computer's own words where it does not take it. */
export async function send(result) {
  const answer = await fetch("results", { method: "POST", body: JSON.stringify(result) });
  if (!answer.ok) throw new Error((await answer.text()).trim().slice(0, 300));
}

/** Offers a result as a file. */
export function save(result) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(result, null, 1)], { type: "application/json" }));
  link.download = `${result.model}-phone.json`.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
