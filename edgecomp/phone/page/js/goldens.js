// Runs a bundle's golden samples here and compares what comes out with what must come out.

const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/**
 * @param {object} model see runtime.js
 * @param {object} about the page's model.json
 * @param {ArrayBuffer} stored all arrays, one behind the other
 * @param {(share: number) => void} progress is told what share is done
 * @returns differences in quantization steps, whose size `about` has for each output
 */
export async function checkGoldens(model, about, stored, progress) {
  const { samples, steps, tolerance_steps: tolerance } = about.golden;
  const view = ({ dtype, offset, bytes }) => new ARRAYS[dtype](stored, offset, bytes / ARRAYS[dtype].BYTES_PER_ELEMENT);
  const inputs = about.golden.inputs.map(view);
  const outputs = about.golden.outputs.map(view);
  let worst = 0;
  let equal = 0;
  let values = 0;
  for (let sample = 0; sample < samples; sample++) {
    const found = await model.run(inputs.map((all) => one(all, sample, samples).slice()), about.contract);
    found.forEach((array, place) => {
      const wanted = one(outputs[place], sample, samples);
      for (let i = 0; i < wanted.length; i++) {
        if (array[i] === wanted[i]) equal++;
        else worst = Math.max(worst, Number.isFinite(array[i]) ? Math.abs(array[i] - wanted[i]) / steps[place] : Infinity);
      }
      values += wanted.length;
    });
    progress((sample + 1) / samples);
  }
  return {
    passed: worst <= tolerance,
    samples,
    exact: false,
    tolerance_steps: tolerance,
    max_steps: Number.isFinite(worst) ? worst : null,
    equal_fraction: values ? equal / values : 1,
  };
}

function one(all, sample, samples) {
  const length = all.length / samples;
  return all.subarray(sample * length, (sample + 1) * length);
}
