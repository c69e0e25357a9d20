/**
 * Search for the location where a file was made, and for names of people, in parts of its untrusted
 * content.
 */

import { endOfJpeg } from "./jpeg-end.ts";
import { searchMatroska } from "./matroska.ts";
import { type PersonalData, PersonalDataFound } from "./personal-data-found.ts";
import { APP1, EXIF_SIGNATURE, isTextSegment } from "./picture-header.ts";
import {
  FILE_PARTS_MAX,
  latin1,
  MOVIE_BOX_BYTES_MAX,
  ReadContent,
  type Reading,
  SCANNED_BYTES_MAX,
  WINDOW_BYTES,
} from "./read-content.ts";
import { directoryOf, type Tag, type Tags, tagsAt } from "./tiff.ts";

/** Bytes of the first range, which suffice for files that cannot contain personal data. */
const SIGNATURE_BYTES = 32;
/** Length of a text or a header that can lie across two windows. */
const OVERLAP_BYTES = 512;
const TEXT_BYTES_MAX = 1024 * 1024;
/** Names of people in EXIF and TIFF: artist, copyright, and the author for Windows. */
const NAME_TAGS = [0x013b, 0x8298, 0x9c9d] as const;
const [GPS_TAG, EXIF_TAG, OWNER_TAG, MP_ENTRY_TAG] = [0x8825, 0x8769, 0xa430, 0xb002];
const [XMP_TAG, IPTC_TAG, LATITUDE_TAG, LONGITUDE_TAG] = [700, 33_723, 2, 4];
const [MAKE_TAG, MAKER_TAG] = [0x010f, 0x927c];
/** Begins EXIF, a file in a zip archive, or a film. */
const SCANNED_HEADER = new RegExp(
  "Exif\0\0(?=II\\*\0|MM\0\\*)|PK\x03\x04|" +
    "ftyp(?=isom|iso[2-9]|mp4[12]|mmp4|avc1|qt {2}|3gp|M4[AV] )",
  "g",
);
/** Films searched in one file, whose boxes a hostile one would repeat. */
const FILMS_MAX = 16;
/** Bytes in front of the type of a film's first box. */
const FILM_HEAD_BYTES = 4;
/** Owner of a Canon camera, in its notes. */
const CANON_OWNER_TAG = 9;
const PANASONIC_SIGNATURE = "Panasonic\0\0\0";
/** In notes of Panasonic: the name of a child, and landmark, city, state and country. */
const PANASONIC_NAME_TAG = 0x66;
const PANASONIC_PLACE_TAGS = [0x67, 0x69, 0x6b, 0x6d, 0x6f] as const;
/** Sound without a header: frames of MP3 and AAC. */
const SOUND_FRAME = /^\xff[\xe2\xe3\xf1-\xf3\xf9-\xfb]/;
/** Directories of a Canon film or raw photo. The last one contains the location. */
const CANON_HEADER = /CMT[1-4](?=II\*\0|MM\0\*)/g;
/** Pictures behind the first one of a JPEG, each of 16 bytes in their list. */
const MORE_PICTURES_MAX = 16;
const MP_SIGNATURE = "MPF\0";
const RAF_JPEG_AT = 84;
const ZIP_HEAD_BYTES = 30;

/**
 * Searches photos, films, sound, PDF, Office documents and archives. Other formats have no personal
 * data that this search knows. A reader that lacks a range, such as that of a pipe, ends the search
 * and calls `found.suspect()`.
 */
export function* searchPersonalData(found = new PersonalDataFound()): Reading<PersonalData> {
  const content = new ReadContent();
  yield* searchFormat(content, found);
  if (content.isExhausted) found.suspect();
  return found.result;
}

function* searchFormat(content: ReadContent, found: PersonalDataFound): Reading<void> {
  const start = latin1(yield { at: 0, length: SIGNATURE_BYTES });
  if (start.startsWith("\xff\xd8")) yield* searchJpeg(content, found);
  else if (start.startsWith("FUJIFILMCCD-RAW")) yield* searchRaf(content, found);
  else if (/^(?:II[*U]\0|MM\0\*|IIR[OS]|MMOR)/.test(start)) yield* searchTiff(content, found, 0);
  else if (/^.PNG\r\n/.test(start)) yield* searchChunks(content, found, 8, PNG);
  else if (/^RIFF.{4}(?:WEBP|WAVE|AVI )/s.test(start))
    yield* searchChunks(content, found, 12, RIFF);
  else if (/^.{4}ftyp(?:hei|hev|mif|msf|avi)/s.test(start)) yield* scan(content, found);
  else if (/^.{4}(?:ftyp|moov|mdat|wide|free|skip)/s.test(start))
    yield* searchMovie(content, found);
  else if (/^(?:GIF8|%PDF|PK\x03\x04|\{\\rtf)/.test(start)) yield* scan(content, found);
  // An Office document of before 2007.
  else if (start.startsWith("\xd0\xcf\x11\xe0")) found.suspect("name");
  else if (start.startsWith("ID3")) yield* searchId3(content, found);
  else if (start.startsWith("fLaC")) yield* searchFlac(content, found);
  else if (SOUND_FRAME.test(start)) yield* searchSoundEnd(content, found, 0);
  else if (start.startsWith("\x1aE\xdf\xa3")) yield* searchMatroska(content, found);
  else if (start.startsWith("OggS")) found.noteComments(yield* content.text(0, WINDOW_BYTES));
}

/** Follows the segments before the pixels of a picture, and of those listed behind it. */
function* searchJpeg(content: ReadContent, found: PersonalDataFound, first = 0): Reading<void> {
  const more: number[] = [];
  let at = first + 2;
  let pixels: number | undefined;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 4);
    const marker = head?.getUint8(1) ?? 0;
    const isSegment = head?.getUint8(0) === 0xff && marker !== 0xda && marker !== 0xd9;
    if (marker === 0xda) pixels = at + 2 + (head?.getUint16(2) ?? 0);
    if (head === undefined || !isSegment) break;
    const length = head.getUint16(2);
    const text = isTextSegment(marker) ? yield* content.text(at + 4, Math.max(0, length - 2)) : "";
    if (marker === APP1 && text.startsWith(EXIF_SIGNATURE))
      yield* searchTiff(content, found, at + 4 + EXIF_SIGNATURE.length);
    else if (text.startsWith(MP_SIGNATURE) && first === 0)
      more.push(...(yield* picturesAt(content, at + 4 + MP_SIGNATURE.length)));
    else {
      found.noteText(text);
      if (text.includes("8BIM")) found.noteIptc(text);
    }
    // Any number of fill bytes may precede a marker.
    at += marker === 0xff ? 1 : 2 + length;
    if (count === FILE_PARTS_MAX - 1) found.suspect();
  }
  for (const picture of more) yield* searchJpeg(content, found, picture);
  if (first > 0 || pixels === undefined) return;
  found.narrow("location");
  const end = yield* endOfJpeg(content, pixels);
  if (end !== undefined) yield* scan(content, found, end);
}

/** Returns the offsets of the pictures behind the first one, such as its depth. */
function* picturesAt(content: ReadContent, base: number): Reading<readonly number[]> {
  const { tags, isLittle } = yield* directoryOf(content, base);
  const list = tags.get(MP_ENTRY_TAG);
  if (list === undefined) return [];
  const count = Math.min(MORE_PICTURES_MAX, Math.floor(list.count / 16));
  const entries = yield* content.view(base + list.value, 16 * count);
  if (entries === undefined) return [];
  const offsets = Array.from({ length: count }, (_, i) => entries.getUint32(16 * i + 8, isLittle));
  return offsets.filter((offset) => offset > 0).map((offset) => base + offset);
}

function* searchRaf(content: ReadContent, found: PersonalDataFound): Reading<void> {
  const head = yield* content.view(RAF_JPEG_AT, 4);
  if (head !== undefined) yield* searchJpeg(content, found, head.getUint32(0));
}

/** Follows the first directory and its parts, so that directories that form a loop end. */
function* searchTiff(content: ReadContent, found: PersonalDataFound, base: number): Reading<void> {
  const { tags, isLittle } = yield* directoryOf(content, base);
  const [gps, exif] = [tags.get(GPS_TAG), tags.get(EXIF_TAG)];
  const position = gps && (yield* tagsAt(content, base, gps.value, isLittle));
  if (hasPosition(position)) found.note("location");
  const more = exif && (yield* tagsAt(content, base, exif.value, isLittle));
  const names = [...NAME_TAGS.map((tag) => tags.get(tag)), more?.get(OWNER_TAG)];
  for (const tag of names) if (isText(yield* textAt(content, base, tag))) found.note("name");
  found.noteText(yield* textAt(content, base, tags.get(XMP_TAG)));
  found.noteIptc(yield* textAt(content, base, tags.get(IPTC_TAG), 4));
  const notes = more?.get(MAKER_TAG);
  if (notes === undefined) return;
  const isCanon = (yield* textAt(content, base, tags.get(MAKE_TAG))).startsWith("Canon");
  yield* searchMakerNotes(content, found, { base, at: notes.value, isLittle, isCanon });
}

interface MakerNotes {
  /** Offset of the EXIF, from which its offsets count. */
  readonly base: number;
  /** Offset of the notes in it. */
  readonly at: number;
  readonly isLittle: boolean;
  readonly isCanon: boolean;
}

/** Searches the notes of Canon and Panasonic; those of other makers name nobody. */
function* searchMakerNotes(
  content: ReadContent,
  found: PersonalDataFound,
  { base, at, isLittle, isCanon }: MakerNotes,
): Reading<void> {
  const isPanasonic = (yield* content.text(base + at, 12)) === PANASONIC_SIGNATURE;
  if (!isPanasonic && !isCanon) return;
  const tags = yield* tagsAt(content, base, isPanasonic ? at + 12 : at, isLittle);
  const name = tags.get(isPanasonic ? PANASONIC_NAME_TAG : CANON_OWNER_TAG);
  if (isText(yield* textAt(content, base, name))) found.note("name");
  if (!isPanasonic) return;
  for (const tag of PANASONIC_PLACE_TAGS)
    if (isText(yield* textAt(content, base, tags.get(tag)))) found.note("location");
}

function hasPosition(tags: Tags | undefined): boolean {
  return tags?.has(LATITUDE_TAG) === true || tags?.has(LONGITUDE_TAG) === true;
}

function isText(text: string): boolean {
  return /[^\0-\x20-]/.test(text);
}

/** @param unitBytes bytes of each of the tag's units */
function* textAt(
  content: ReadContent,
  base: number,
  tag: Tag | undefined,
  unitBytes = 1,
): Reading<string> {
  if (tag === undefined) return "";
  const length = Math.min(tag.count * unitBytes, TEXT_BYTES_MAX);
  return yield* content.text(length <= 4 ? tag.inlineAt : base + tag.value, length);
}

interface ChunkFormat {
  /** Bytes of a chunk beside its content, and those before it. */
  readonly frame: readonly [all: number, before: number];
  readonly isLittle: boolean;
  readonly typeAt: 0 | 4;
}

const PNG: ChunkFormat = { frame: [12, 8], isLittle: false, typeAt: 4 };
const RIFF: ChunkFormat = { frame: [8, 8], isLittle: true, typeAt: 0 };

function* searchChunks(
  content: ReadContent,
  found: PersonalDataFound,
  first: number,
  { frame: [all, before], isLittle, typeAt }: ChunkFormat,
): Reading<void> {
  let at = first;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 8);
    if (head === undefined) return;
    const type = yield* content.text(at + typeAt, 4);
    const length = head.getUint32(4 - typeAt, isLittle);
    const data = at + before;
    const text = () => content.text(data, Math.min(length, TEXT_BYTES_MAX));
    if (/^exif$/i.test(type)) {
      const hasSignature = (yield* content.text(data, 6)) === EXIF_SIGNATURE;
      yield* searchTiff(content, found, hasSignature ? data + EXIF_SIGNATURE.length : data);
    } else if (/^(?:iTXt|tEXt|zTXt)$/.test(type)) found.notePngText(yield* text());
    else if (/^(?:XMP |_PMX|iXML)$/.test(type)) found.noteText(yield* text());
    else if (/^id3 $/i.test(type)) found.noteId3(yield* text());
    else if (type === "LIST") found.noteRiffList(yield* text());
    at += all + length + (isLittle ? length % 2 : 0);
  }
  found.suspect();
}

/** Searches the boxes of a film around its samples. */
function* searchMovie(content: ReadContent, found: PersonalDataFound, first = 0): Reading<void> {
  let at = first;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 16);
    if (head === undefined) return;
    const type = yield* content.text(at + 4, 4);
    const short = head.getUint32(0);
    const size = short === 1 ? Number(head.getBigUint64(8)) : short;
    if (/^(?:moov|meta|udta|uuid)$/.test(type)) {
      const searched = size === 0 ? MOVIE_BOX_BYTES_MAX : Math.min(size, MOVIE_BOX_BYTES_MAX);
      const text = yield* content.text(at, searched);
      found.noteMovie(text);
      for (const { index } of text.matchAll(CANON_HEADER))
        yield* searchCanon(content, found, at + index + 4);
      if (size > MOVIE_BOX_BYTES_MAX) found.suspect();
    }
    // The last box may have no size.
    if (size < 8) return;
    at += size;
  }
  found.suspect();
}

/** Searches a directory that is part of EXIF in other files. */
function* searchCanon(content: ReadContent, found: PersonalDataFound, base: number): Reading<void> {
  yield* searchTiff(content, found, base);
  const { tags } = yield* directoryOf(content, base);
  if (hasPosition(tags)) found.note("location");
  if (isText(yield* textAt(content, base, tags.get(OWNER_TAG)))) found.note("name");
}

function* searchId3(content: ReadContent, found: PersonalDataFound): Reading<void> {
  const head = yield* content.view(6, 4);
  // Each byte of the size has seven bits.
  const size = [0, 1, 2, 3].reduce((sum, i) => sum * 128 + ((head?.getUint8(i) ?? 0) & 127), 0);
  found.noteId3(yield* content.text(0, 10 + Math.min(size, TEXT_BYTES_MAX)));
  if (size > TEXT_BYTES_MAX) found.suspect("name");
  yield* searchSoundEnd(content, found, size);
}

/** Searches the tags behind a sound, of which `known` bytes were read. */
function* searchSoundEnd(
  content: ReadContent,
  found: PersonalDataFound,
  known: number,
): Reading<void> {
  found.narrow("name");
  const length = yield* content.length(Math.max(known, SIGNATURE_BYTES));
  const at = Math.max(0, length - WINDOW_BYTES);
  found.noteSoundEnd(yield* content.text(at, length - at));
}

function* searchFlac(content: ReadContent, found: PersonalDataFound): Reading<void> {
  let at = 4;
  for (let count = 0; count < FILE_PARTS_MAX; count++) {
    const head = yield* content.view(at, 4);
    if (head === undefined) return;
    const [type, length] = [head.getUint8(0), head.getUint32(0) & 0xffffff];
    if ((type & 127) === 4)
      found.noteComments(yield* content.text(at + 4, Math.min(length, TEXT_BYTES_MAX)));
    if (type >= 128) return;
    at += 4 + length;
  }
}

/** Searches all bytes for the headers of EXIF and XMP, for films, and for files in an archive. */
function* scan(content: ReadContent, found: PersonalDataFound, first = 0): Reading<void> {
  let [parts, films] = [0, 0];
  for (let at = first; at < first + SCANNED_BYTES_MAX; at += WINDOW_BYTES) {
    const length = WINDOW_BYTES + OVERLAP_BYTES;
    const text = yield* content.text(at, length);
    found.noteText(text);
    if (first === 0) found.noteDocument(text);
    for (const { index } of text.matchAll(SCANNED_HEADER)) {
      if (++parts > FILE_PARTS_MAX) return found.suspect();
      if (text[index] === "f") {
        found.noteFilmFound();
        if (++films > FILMS_MAX) return found.suspect("location");
        yield* searchMovie(content, found, at + index - FILM_HEAD_BYTES);
      } else if (text[index] === "P") yield* searchZipped(content, found, at + index);
      else yield* searchTiff(content, found, at + index + EXIF_SIGNATURE.length);
    }
    if (text.length < length) return found.endDocument();
  }
  found.suspect();
}

/** Decompresses what an Office document says about itself and about those who comment on it. */
function* searchZipped(content: ReadContent, found: PersonalDataFound, at: number): Reading<void> {
  const head = yield* content.view(at, ZIP_HEAD_BYTES);
  if (head === undefined) return;
  const [packed, nameLength] = [head.getUint32(18, true), head.getUint16(26, true)];
  const data = at + ZIP_HEAD_BYTES + nameLength + head.getUint16(28, true);
  const name = yield* content.text(at + ZIP_HEAD_BYTES, Math.min(nameLength, OVERLAP_BYTES));
  found.noteZipName(name);
  if (!found.isAboutDocument(name)) return;
  const isStored = head.getUint16(8, true) === 0;
  // A writer that did not know the length puts it behind the content.
  const end =
    packed === 0 ? (yield* content.text(data, WINDOW_BYTES)).indexOf("PK\x07\x08") : packed;
  if (end > 0 && end <= WINDOW_BYTES) {
    const text = isStored ? yield* content.text(data, end) : yield* content.unpacked(data, end);
    if (text !== "") return found.noteAboutDocument(text);
  }
  found.suspect("name");
}
