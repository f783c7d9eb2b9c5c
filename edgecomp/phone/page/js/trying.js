// Lets a person try the model: with a photo, or with what the camera sees.

import { probabilities, rank } from "./classes.js";
import { decode, preparePhoto } from "./contract.js";
import { fitPhoto } from "./fit.js";
import { grab, readPhoto } from "./photo.js";
import { answers, element, milliseconds, say } from "./view.js";

const TOP = 5;
// Frames are scaled down by the contract's own arithmetic, which takes long for more pixels than this.
const CAMERA = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: { ideal: "environment" } };

export class Trying {
  constructor(model, about) {
    this.model = model;
    this.about = about;
    this.busy = false;
    this.stream = null;
  }

  /** Why this model cannot be tried here, or "". */
  get obstacle() {
    const { inputs, outputs } = this.about.contract;
    if (inputs.length !== 1 || !inputs[0].image) return "This model takes numbers, not photos: there is nothing to show it.";
    return outputs.some((one) => one.kind === "classification") ? "" : "This model gives values, not classes; nothing is shown here.";
  }

  /** Answers a photo's file. */
  async file(file) {
    this.stop();
    say("try-status", "Reading the photo");
    try {
      await this.show(await readPhoto(file));
    } catch (error) {
      answers("answers", []);
      say("try-status", error.message, "bad");
    }
  }

  /** Starts or stops the camera. */
  async camera() {
    if (this.stream) return this.stop();
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: CAMERA, audio: false });
    } catch (error) {
      return say("try-status", `The camera is not to be had (${error.name}). Take a photo instead.`, "bad");
    }
    element("camera").textContent = "Stop";
    element("answers").setAttribute("aria-live", "off"); // nobody can listen to every frame
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = this.stream;
    await video.play();
    return this.follow(video);
  }

  /** Ends the camera. */
  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    element("camera").textContent = "Camera";
    element("answers").setAttribute("aria-live", "polite");
  }

  async follow(video) {
    const { stream } = this;
    while (this.stream === stream) {
      try {
        if (video.videoWidth && !this.paused) await this.show(grab(video, video.videoWidth, video.videoHeight));
      } catch (error) {
        this.stop();
        return say("try-status", error.message, "bad");
      }
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return undefined;
  }

  async show(photo) {
    const { contract, inputs, outputs } = this.about;
    const start = performance.now();
    const stored = preparePhoto(photo, contract.inputs[0], inputs[0]);
    const prepared = performance.now();
    const found = await this.model.run([stored], contract);
    const done = performance.now();
    const place = contract.outputs.findIndex((one) => one.kind === "classification");
    const output = contract.outputs[place];
    const scores = decode(found[place], outputs[place]);
    this.ranked = rank(probabilities(scores, output.activation), output.labels, TOP);
    answers("answers", this.ranked);
    element("try-hint").hidden = true;
    draw(photo, contract.inputs[0].image);
    say("try-status", `${milliseconds(prepared - start)} to prepare, ${milliseconds(done - prepared)} to answer`);
  }
}

// What the model sees, which need not be what the photo shows: cut, padded, in grey.
function draw(photo, image) {
  const gray = image.color === "gray";
  const pixels = fitPhoto(photo, gray ? image : { ...image, color: "rgb" });
  const canvas = element("seen");
  canvas.hidden = false;
  canvas.width = image.width;
  canvas.height = image.height;
  const shown = new ImageData(image.width, image.height);
  for (let i = 0; i < image.width * image.height; i++) {
    for (let channel = 0; channel < 3; channel++) shown.data[4 * i + channel] = pixels[gray ? i : 3 * i + channel];
    shown.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(shown, 0, 0);
}
