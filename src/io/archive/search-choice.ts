/** Chooses the bytes that a search tests first. */

import { LAYOUT_BYTES_MAX, type MaskedByte, type Probe, type Search } from "./search-module.ts";

const LAYOUTS_MAX = 16;
const LAYOUT_BYTES_MIN = 2;
const PROBES_MAX = 8;
const RAREST_BYTES = 4;
/** Layouts that are this much rarer than the first, such as one with "ſ", need no more bytes. */
const RARE_RATIO = 0.01;
/** Spellings that differ in more bits would match too many other bytes if merged. */
const MERGED_BITS_MAX = 2;

/** Costs of a hit of a probe and of a matching line, relative to one probe of one byte. */
const HIT_COST = 300;
const LINE_COST = 200_000;

/** The most common first; base64 makes most other ASCII characters about equally common. */
const COMMON_BYTES = `"e taoin:,srhdlcumwfgypbv0123456789`;
const COMMONEST_SHARE = 0.08;
const SHARE_PER_RANK = 0.93;
const OTHER_SHARE = 0.004;
const LEAD_BYTE_SHARE = 0.03;
const LEAD_BYTE_MIN = 0xc0;
const SHARES = Array.from({ length: 256 }, (_, byte) => {
  if (byte >= LEAD_BYTE_MIN) return LEAD_BYTE_SHARE;
  const rank = COMMON_BYTES.indexOf(String.fromCharCode(byte));
  return rank < 0 ? OTHER_SHARE : COMMONEST_SHARE * SHARE_PER_RANK ** rank;
});

/** Bytes that a match may begin with, and how often they occur per byte of the log. */
interface RatedLayout {
  readonly bytes: readonly RatedByte[];
  readonly share: number;
}

interface RatedByte extends MaskedByte {
  readonly share: number;
}

interface RatedProbe {
  readonly probe: Probe;
  readonly cost: number;
}

/**
 * Returns the cheapest search for texts whose letters have these byte spellings, in Latin-1. It
 * finds every such text and possibly others. `undefined` if there are too many spellings.
 */
export function chooseSearch(letters: readonly (readonly string[])[]): Search | undefined {
  const merged = letters.map(mergeSpellings);
  let cheapest: { readonly search: Search; readonly cost: number } | undefined;
  for (let from = 0; from < merged.length; from++) {
    const layouts = layoutsOf(merged.slice(from));
    if (layouts.some(({ bytes }) => bytes.length < LAYOUT_BYTES_MIN)) continue;
    const probes = chooseProbes(layouts);
    if (probes.length > PROBES_MAX) continue;
    const linesCost = LINE_COST * layouts.reduce((sum, { share }) => sum + share, 0);
    const cost = probes.reduce((sum, probe) => sum + probe.cost, linesCost);
    if (cheapest !== undefined && cheapest.cost <= cost) continue;
    const search = {
      layouts: layouts.map(({ bytes }) => bytes),
      probes: probes.map(({ probe }) => probe),
    };
    cheapest = { search, cost };
  }
  return cheapest?.search;
}

/** Joins spellings that differ in a few bits, such as upper and lower case. */
function mergeSpellings(spellings: readonly string[]): RatedLayout[] {
  const merged: (readonly MaskedByte[])[] = [];
  for (const spelling of spellings) {
    let bytes: readonly MaskedByte[] = Array.from(Buffer.from(spelling, "latin1"), (value) => ({
      value,
      mask: 0xff,
    }));
    const at = merged.findIndex((other) => merge(bytes, other) !== undefined);
    if (at >= 0) bytes = merge(bytes, merged.splice(at, 1)[0] ?? bytes) ?? bytes;
    merged.push(bytes);
  }
  return merged.map((masked) => {
    const bytes = masked.map((byte) => ({ ...byte, share: shareOf(byte) }));
    return { bytes, share: bytes.reduce((product, { share }) => product * share, 1) };
  });
}

function merge(a: readonly MaskedByte[], b: readonly MaskedByte[]): MaskedByte[] | undefined {
  if (a.length !== b.length) return undefined;
  let mergedBits = 0;
  const both = a.map(({ value, mask }, i) => {
    const other = b[i] ?? { value, mask };
    const common = mask & other.mask & ~(value ^ other.value);
    for (let bits = common ^ 0xff; bits !== 0; bits &= bits - 1) mergedBits++;
    return { value: value & common, mask: common };
  });
  return mergedBits <= MERGED_BITS_MAX ? both : undefined;
}

function shareOf({ value, mask }: MaskedByte): number {
  const free = mask ^ 0xff;
  let share = SHARES[value] ?? 0;
  for (let bits = free; bits !== 0; bits = (bits - 1) & free) share += SHARES[value | bits] ?? 0;
  return share;
}

/** Returns the layouts of as many of the first letters as the limits allow. */
function layoutsOf(letters: readonly (readonly RatedLayout[])[]): RatedLayout[] {
  let complete: readonly RatedLayout[] = [];
  let growing: readonly RatedLayout[] = [{ bytes: [], share: 1 }];
  for (const spellings of letters) {
    const longer = growing.flatMap(({ bytes, share }) =>
      spellings.map((spelling) => ({
        bytes: [...bytes, ...spelling.bytes].slice(0, LAYOUT_BYTES_MAX),
        share: share * spelling.share,
      })),
    );
    if (longer.length === 0 || complete.length + longer.length > LAYOUTS_MAX) break;
    const shareMin = RARE_RATIO * Math.max(...longer.map(({ share }) => share));
    const isComplete = ({ bytes, share }: RatedLayout) =>
      share < shareMin || bytes.length === LAYOUT_BYTES_MAX;
    complete = [...complete, ...longer.filter(isComplete)];
    growing = longer.filter((layout) => !isComplete(layout));
  }
  return [...complete, ...growing];
}

function chooseProbes(layouts: readonly RatedLayout[]): RatedProbe[] {
  const pairs = new Map<string, RatedProbe>();
  for (const layout of layouts) addRarestPairs(layout, pairs);
  const chosen: RatedProbe[] = [];
  for (let remaining = layouts; remaining.length > 0; ) {
    let [cheapest, cheapestCost]: [RatedProbe | undefined, number] = [undefined, Infinity];
    for (const rated of pairs.values()) {
      const costPerLayout = rated.cost / remaining.filter((one) => isIn(rated.probe, one)).length;
      if (costPerLayout < cheapestCost) [cheapest, cheapestCost] = [rated, costPerLayout];
    }
    if (cheapest === undefined) break;
    const { probe } = cheapest;
    chosen.push(cheapest);
    remaining = remaining.filter((layout) => !isIn(probe, layout));
  }
  return chosen;
}

function addRarestPairs({ bytes }: RatedLayout, pairs: Map<string, RatedProbe>): void {
  const rarest = bytes
    .map((byte, offset) => ({ ...byte, offset }))
    .sort((a, b) => a.share - b.share)
    .slice(0, RAREST_BYTES);
  for (const [i, first] of rarest.entries()) {
    for (const second of rarest.slice(i + 1)) {
      const key = [first, second].map((byte) => [byte.offset, byte.value, byte.mask]).join();
      const cost = 1 + HIT_COST * first.share * second.share;
      pairs.set(key, { probe: [first, second], cost });
    }
  }
}

function isIn(probe: Probe, { bytes }: RatedLayout): boolean {
  return probe.every(({ offset, value, mask }) => {
    const byte = bytes[offset];
    return byte !== undefined && (byte.mask & mask) === mask && (byte.value & mask) === value;
  });
}
