import type { Page } from "playwright-core";

/** A film without another program: frames by the browser, put into a WebM here. */

const WIDTH = 480;
const HEIGHT = 360;

/** Frames of noise, which no encoder makes small: VP8, each of them a key frame. */
const FRAMES = (count: number) => `(async () => {
  const frames = [];
  const output = (chunk) => {
    const bytes = new Uint8Array(chunk.byteLength);
    chunk.copyTo(bytes);
    frames.push(bytes.toBase64());
  };
  const encoder = new VideoEncoder({ output, error: (error) => console.error(error) });
  const size = { width: ${WIDTH}, height: ${HEIGHT} };
  encoder.configure({ codec: "vp8", ...size, bitrate: 4e7, framerate: 1 });
  const pixels = new Uint8ClampedArray(4 * size.width * size.height);
  for (let i = 0; i < ${count}; i++) {
    for (let at = 0; at < pixels.length; at += 65_536) {
      crypto.getRandomValues(pixels.subarray(at, at + 65_536));
    }
    const look = { format: "RGBX", codedWidth: size.width, codedHeight: size.height };
    const frame = new VideoFrame(pixels, { ...look, timestamp: i * 1e6 });
    encoder.encode(frame, { keyFrame: true });
    frame.close();
  }
  await encoder.flush();
  return frames;
})()`;

/** One frame a second; it says how long it is, and where each of them stands. */
export async function film(page: Page, seconds: number): Promise<Buffer> {
  const frames = await page.evaluate<string[]>(FRAMES(seconds));
  const clusters = frames.map((frame, i) => {
    const head = Buffer.from([0x81, 0, 0, 0x80]); // Of track 1, at the cluster's time, a key frame.
    const block = element("a3", head, Buffer.from(frame, "base64"));
    return element("1f43b675", element("e7", number(i * 1_000)), block);
  });
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE(seconds * 1_000);
  const about = element(
    "1549a966",
    element("2ad7b1", number(1_000_000)),
    element("4489", duration),
    element("4d80", Buffer.from("test")),
    element("5741", Buffer.from("test")),
  );
  const size = element("e0", element("b0", number(WIDTH)), element("ba", number(HEIGHT)));
  const codec = element("86", Buffer.from("V_VP8"));
  const one = [element("d7", number(1)), element("73c5", number(1)), element("83", number(1))];
  const tracks = element("1654ae6b", element("ae", ...one, codec, size));
  const before = about.length + tracks.length;
  const cues = cuesOf(clusters, before + cuesOf(clusters, 0).length);
  const doc = Buffer.from("webm");
  const kind = element("1a45dfa3", element("4282", doc), element("4287", number(2)));
  return Buffer.concat([kind, element("18538067", about, tracks, cues, ...clusters)]);
}

function cuesOf(clusters: readonly Buffer[], from: number): Buffer {
  let at = from;
  const points = clusters.map((cluster, i) => {
    const place = element("b7", element("f7", number(1)), element("f1", number(at)));
    at += cluster.length;
    return element("bb", element("b3", number(i * 1_000)), place);
  });
  return element("1c53bb6b", ...points);
}

/** EBML: its id, a size of 8 bytes, and what is in it. */
function element(id: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = number(body.length);
  size[0] = 0x01;
  return Buffer.concat([Buffer.from(id, "hex"), size, body]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
