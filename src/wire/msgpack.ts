/**
 * Helpers for hand-written msgpack codecs, with the same results as the general codec.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

import { assert } from "../base/assert.ts";
import { utf8Encode } from "../base/bytes.ts";

export const MAP = 0x80;
export const SHORT_ARRAY = 0x90;
export const SHORT_ARRAY_MAX = 15;
export const SHORT_TEXT = 0xa0;
export const SHORT_TEXT_MAX = 31;
export const TRUE = 0xc3;
export const BIN_8 = 0xc4;
const BIN_16 = 0xc5;
const BIN_32 = 0xc6;
const FLOAT_64 = 0xcb;
const UINT_8 = 0xcc;
const UINT_16 = 0xcd;
const UINT_32 = 0xce;
export const TEXT_8 = 0xd9;
export const TEXT_16 = 0xda;
export const ARRAY_16 = 0xdc;
const SMALL_INT_MAX = 0x7f;

export function packTexts(...texts: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  for (const text of texts) {
    const encoded = utf8Encode(text);
    assert(encoded.length <= SHORT_TEXT_MAX, "a name or an id is short");
    bytes.push(SHORT_TEXT | encoded.length, ...encoded);
  }
  return Uint8Array.from(bytes);
}

/** @returns the offset after the part */
export function put(bytes: Uint8Array, at: number, part: Uint8Array): number {
  for (let i = 0; i < part.length; i++) bytes[at + i] = part[i] ?? 0;
  return at + part.length;
}

const wide = new DataView(new ArrayBuffer(8));

/**
 * Writes values above 2^32 - 1 as floats.
 * @returns the offset after the count, which takes at most 9 bytes
 */
export function putCount(bytes: Uint8Array, at: number, value: number): number {
  if (value <= SMALL_INT_MAX) {
    bytes[at] = value;
    return at + 1;
  }
  const size = value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffff_ffff ? 4 : 8;
  bytes[at] = size === 1 ? UINT_8 : size === 2 ? UINT_16 : size === 4 ? UINT_32 : FLOAT_64;
  if (size === 8) wide.setFloat64(0, value);
  else wide.setUint32(4, value);
  for (let i = 0; i < size; i++) bytes[at + 1 + i] = wide.getUint8(8 - size + i);
  return at + 1 + size;
}

export function putBinHead(bytes: Uint8Array, at: number, length: number): number {
  const size = length <= 0xff ? 1 : length <= 0xffff ? 2 : 4;
  bytes[at] = size === 1 ? BIN_8 : size === 2 ? BIN_16 : BIN_32;
  wide.setUint32(4, length);
  for (let i = 0; i < size; i++) bytes[at + 1 + i] = wide.getUint8(8 - size + i);
  return at + 1 + size;
}

export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

export function startsWith(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

export function skip(cursor: Cursor, part: Uint8Array): boolean {
  if (!startsWith(cursor.bytes, cursor.at, part)) return false;
  cursor.at += part.length;
  return true;
}

/** Reads an integer of at most 32 bits; -1 if there is none. */
export function uint(cursor: Cursor): number {
  const { bytes } = cursor;
  const lead = bytes[cursor.at++] ?? -1;
  if (lead <= SMALL_INT_MAX) return lead;
  const size = lead === UINT_8 ? 1 : lead === UINT_16 ? 2 : lead === UINT_32 ? 4 : 0;
  return size === 0 ? -1 : bigEndian(cursor, size);
}

/** Reads an integer of any size, in the form in which `putCount` writes it; -1 if there is none. */
export function readCount(cursor: Cursor): number {
  const { bytes, at } = cursor;
  if (bytes[at] !== FLOAT_64) return uint(cursor);
  if (at + 9 > bytes.length) return -1;
  for (let i = 0; i < 8; i++) wide.setUint8(i, bytes[at + 1 + i] ?? 0);
  cursor.at += 9;
  const value = wide.getFloat64(0);
  return Number.isSafeInteger(value) && value > 0xffff_ffff ? value : -1;
}

/** Reads the head of binary data and returns its length; -1 if there is none. */
export function binLength(cursor: Cursor): number {
  const lead = cursor.bytes[cursor.at++] ?? -1;
  const size = lead === BIN_8 ? 1 : lead === BIN_16 ? 2 : lead === BIN_32 ? 4 : 0;
  return size === 0 ? -1 : bigEndian(cursor, size);
}

function bigEndian(cursor: Cursor, size: number): number {
  const { bytes } = cursor;
  if (cursor.at + size > bytes.length) return -1;
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 0x100 + (bytes[cursor.at++] ?? 0);
  return value;
}
