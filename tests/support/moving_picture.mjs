// A film for Chromium's fake camera that an encoder can spend as much on as it is given: a panned texture, with a
// little noise of its own in every frame. Chromium's built-in fake camera is content with some 350 kbit/s.
import { open } from 'node:fs/promises';

/** Writes `frames` frames in the y4m format that --use-file-for-fake-video-capture plays in a loop. */
export async function writeMovingPicture(path, { width, height, frames = 45, rate = 30, noise = 10 }) {
  const random = randomNumbers(20260101);
  const coarse = texture(width, height, 16, random);
  const fine = texture(width, height, 3, random);
  const file = await open(path, 'w');
  await file.write(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420jpeg\n`);
  const picture = Buffer.alloc(width * height * 1.5, 128);
  for (let frame = 0; frame < frames; ++frame) {
    // There and back, so that the loop has no seam.
    const shift = Math.round(20 * (1 - Math.cos((2 * Math.PI * frame) / frames)));
    for (let y = 0; y < height; ++y) {
      for (let x = 0; x < width; ++x) {
        const at = ((y + shift) % height) * width + ((x + 2 * shift) % width);
        picture[y * width + x] = 128 + 60 * coarse[at] + 30 * fine[at] + noise * (random() - 0.5);
      }
    }
    await file.write('FRAME\n');
    await file.write(picture);
  }
  await file.close();
}

/** Noise of -1 to 1, smooth over `grain` pixels. */
function texture(width, height, grain, random) {
  const columns = Math.ceil(width / grain) + 1;
  const points = Array.from({ length: columns * (Math.ceil(height / grain) + 1) }, () => 2 * random() - 1);
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const [column, row] = [Math.floor(x / grain), Math.floor(y / grain)];
      const [right, down] = [x / grain - column, y / grain - row];
      const at = row * columns + column;
      const above = points[at] * (1 - right) + points[at + 1] * right;
      const below = points[at + columns] * (1 - right) + points[at + columns + 1] * right;
      values[y * width + x] = above * (1 - down) + below * down;
    }
  }
  return values;
}

/** Of 0 to 1, the same every time (mulberry32). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}
