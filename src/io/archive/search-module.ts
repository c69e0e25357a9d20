/** WebAssembly modules that search memory 64 bytes at a time. */

/** Matches a byte whose bits in `mask` equal `value`. */
export interface MaskedByte {
  readonly value: number;
  readonly mask: number;
}

/** First bytes of a match, at most `LAYOUT_BYTES_MAX`. */
export type Layout = readonly MaskedByte[];

/** Bytes that one or more layouts contain at these offsets. */
export type Probe = readonly (MaskedByte & { readonly offset: number })[];

export interface Search {
  /** Each layout contains one of the probes. */
  readonly probes: readonly Probe[];
  readonly layouts: readonly Layout[];
}

export const LAYOUT_BYTES_MAX = 16;

const VECTOR_BYTES = 16;
const VECTORS_PER_STEP = 4;
const STEP_BYTES = VECTOR_BYTES * VECTORS_PER_STEP;
/** Address of the searched bytes. The constants of the module are before them. */
const BYTES_AT = 64 << 10;

// Encoding: https://webassembly.github.io/spec/core/binary/
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;
const DATA = 11;
const FUNCTION_TYPE = 0x60;
const FUNCTION = 0x00;
const MEMORY = 0x02;
const NO_MAXIMUM = 0x00;
const I32 = 0x7f;
const NOTHING = 0x40;

const UNREACHABLE = 0x00;
const LOOP = [0x03, NOTHING];
const IF = [0x04, NOTHING];
const END = 0x0b;
const BRANCH = 0x0c;
const BRANCH_IF = 0x0d;
const RETURN = 0x0f;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const I32_CONST = 0x41;
const I32_LESS = 0x49;
const I32_AT_LEAST = 0x4f;
const I32_TRAILING_ZEROS = 0x68;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_AND = 0x71;
const V128_LOAD = [0xfd, 0x00];
const V128_CONST = [0xfd, 0x0c];
const V128_AND = [0xfd, 0x4e];
const V128_OR = [0xfd, 0x50];
const V128_ANY_TRUE = [0xfd, 0x53];
const I8X16_EQUAL = [0xfd, 0x23];
const I8X16_ALL_TRUE = [0xfd, 0x63];
const I8X16_BITMASK = [0xfd, 0x64];

/** Parameters and local variables of the function. */
const FROM = 0;
const TO = 1;
const HITS = 2;
const HIT = 3;
const STEP_END = 4;

/**
 * Assembles a module that imports `memory.bytes` and exports `find(from, to)`. The function returns
 * the offset of the first match at or after `from`, or a number ≥ `to` if there is none. It reads
 * the bytes from the second page (64 KiB) of the memory on, and less than a page after them.
 */
export function assembleSearch({ probes, layouts }: Search): Uint8Array<ArrayBuffer> {
  const offsets = Array.from({ length: VECTORS_PER_STEP }, (_, i) => i * VECTOR_BYTES);
  const step = offsets.map((offset) => matchProbes(probes, offset));
  const find = [
    ...[...LOOP, GET, FROM, GET, TO, I32_AT_LEAST, ...IF, GET, TO, RETURN, END],
    ...[...joined(step, V128_OR), ...V128_ANY_TRUE, ...IF],
    ...[...findInStep(probes, layouts), BRANCH, 1, END],
    ...[...add(FROM, STEP_BYTES), SET, FROM, BRANCH, 0, END, UNREACHABLE, END],
  ];
  const variables = list([[STEP_END - TO, I32]]);
  const type = [FUNCTION_TYPE, ...list([[I32], [I32]]), ...list([[I32]])];
  return Uint8Array.from([
    ...HEADER,
    ...section(TYPES, type),
    ...section(IMPORTS, [...name("memory"), ...name("bytes"), MEMORY, NO_MAXIMUM, 1]),
    ...section(FUNCTIONS, [0]),
    ...section(EXPORTS, [...name("find"), FUNCTION, 0]),
    ...section(CODE, sized([...variables, ...find])),
    ...section(DATA, [0, I32_CONST, 0, END, ...sized(layouts.flatMap(constantsOf))]),
  ]);
}

/** Returns from the function if a match begins in this step, else moves on to the next. */
function findInStep(probes: readonly Probe[], layouts: readonly Layout[]): number[] {
  return [
    ...[...add(FROM, STEP_BYTES), SET, STEP_END, ...LOOP],
    ...[...matchProbes(probes, 0), ...I8X16_BITMASK, TEE, HITS, ...IF, ...LOOP],
    ...[GET, FROM, GET, HITS, I32_TRAILING_ZEROS, I32_ADD, SET, HIT],
    ...layouts.flatMap((_, i) => [...matchLayout(i), ...IF, GET, HIT, RETURN, END]),
    // Clear the lowest bit.
    ...[GET, HITS, GET, HITS, I32_CONST, 1, I32_SUB, I32_AND, TEE, HITS, BRANCH_IF, 0, END, END],
    ...[...add(FROM, VECTOR_BYTES), TEE, FROM, GET, STEP_END, I32_LESS, BRANCH_IF, 0, END],
  ];
}

/** Pushes the vector whose bytes are -1 where a probe matches, counted from `FROM + offset`. */
function matchProbes(probes: readonly Probe[], offset: number): number[] {
  const matches = probes.map((probe) =>
    joined(
      probe.map((byte) => matchByte(byte, offset + byte.offset)),
      V128_AND,
    ),
  );
  return joined(matches, V128_OR);
}

function matchByte({ value, mask }: MaskedByte, offset: number): number[] {
  const clear = mask === 0xff ? [] : [...splat(mask), ...V128_AND];
  return [...loadBytes(FROM, offset), ...clear, ...splat(value), ...I8X16_EQUAL];
}

/** Pushes whether a layout matches at `HIT`. */
function matchLayout(index: number): number[] {
  const at = index * 2 * VECTOR_BYTES;
  return [
    ...[...loadBytes(HIT, 0), ...loadConstant(at), ...V128_AND],
    ...[...loadConstant(at + VECTOR_BYTES), ...I8X16_EQUAL, ...I8X16_ALL_TRUE],
  ];
}

function loadConstant(address: number): number[] {
  return [I32_CONST, 0, ...V128_LOAD, 0, ...unsigned(address)];
}

function splat(byte: number): number[] {
  return [...V128_CONST, ...Array(VECTOR_BYTES).fill(byte)];
}

/** Layouts are in memory, because constants in the code would occupy the registers of the loop. */
function constantsOf(layout: Layout): number[] {
  const padding = Array(VECTOR_BYTES - layout.length).fill({ value: 0, mask: 0 });
  const bytes = [...layout, ...padding];
  return [...bytes.map(({ mask }) => mask), ...bytes.map(({ value }) => value)];
}

function loadBytes(variable: number, offset: number): number[] {
  return [GET, variable, ...V128_LOAD, 0, ...unsigned(BYTES_AT + offset)];
}

function add(variable: number, count: number): number[] {
  return [GET, variable, I32_CONST, ...signed(count), I32_ADD];
}

function joined(operands: readonly number[][], operator: readonly number[]): number[] {
  return operands.flatMap((operand, i) => (i === 0 ? operand : [...operand, ...operator]));
}

function section(id: number, item: readonly number[]): number[] {
  return [id, ...sized([1, ...item])];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function name(text: string): number[] {
  return sized([...Buffer.from(text)]);
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Encodes a number below 8,192, whose sixth bit must not be read as a sign. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, value >>> 7];
}
