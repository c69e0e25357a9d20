/** Loader of the curves that a browser's WebCrypto lacks. */

import { withFetchFault } from "./parts.ts";

export type Curve = "Ed25519" | "X25519";

/** Public keys, by which a browser shows that it has the curve. */
const BASE_POINTS: Readonly<Record<Curve, Uint8Array<ArrayBuffer>>> = {
  Ed25519: new Uint8Array(32).fill(0x66).fill(0x58, 0, 1),
  X25519: new Uint8Array(32).fill(9, 0, 1),
};

const curvesModule = withFetchFault(() => import("./curves.ts"));

async function missingCurves(subtle: SubtleCrypto): Promise<readonly Curve[]> {
  const curves = Object.entries(BASE_POINTS) as [Curve, Uint8Array<ArrayBuffer>][];
  const missing = curves.map(async ([name, bytes]) => {
    try {
      const uses: "verify"[] = name === "Ed25519" ? ["verify"] : [];
      const key = await subtle.importKey("raw", bytes, { name }, true, uses);
      structuredClone(key); // Firefox before 136 cannot store keys of curves that it has.
      return [];
    } catch {
      return [name];
    }
  });
  return (await Promise.all(missing)).flat();
}

/**
 * Browsers of 2024 lack Ed25519, older ones also X25519.
 * @param subtle `undefined` on pages without TLS
 * @throws {PageFault} if the part of the page cannot be loaded
 */
export async function addMissingCurves(subtle: SubtleCrypto | undefined): Promise<void> {
  if (subtle === undefined) return;
  const missing = await missingCurves(subtle);
  if (missing.length > 0) (await curvesModule()).addCurves(subtle, missing);
}
