/** Files as cameras, phones and programs write them, with and without personal data. */

import { deflateRawSync } from "node:zlib";
import type { PersonalData } from "../../../src/core/client/personal-data-found.ts";
import { jpegOf, pngOf, webpOf } from "../../cli/screen/pictures/test-png.ts";
import { orientation, phoneExif, tiffOf, withExif, withSegment } from "./exif.ts";

const XMP = "http://ns.adobe.com/xap/1.0/\0";
const XMP_TEXT = "<rdf:Description exif:GPSLatitude='52,31N' exif:GPSLongitude='13,24E'/>";

const text = (content: string) => Buffer.from(content, "latin1");

function u32(value: number, isLittle = false): Buffer {
  const bytes = Buffer.alloc(4);
  if (isLittle) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  return Buffer.concat([u32(data.length), text(type), data, u32(0)]);
}

function withPngChunk(png: Uint8Array, type: string, data: Uint8Array, isLast = false): Buffer {
  const at = isLast ? png.length - 12 : 33;
  return Buffer.concat([png.subarray(0, at), pngChunk(type, data), png.subarray(at)]);
}

function withWebpChunk(webp: Uint8Array, type: string, data: Uint8Array): Buffer {
  const pad = Buffer.alloc(data.length % 2);
  return Buffer.concat([webp, text(type), u32(data.length, true), data, pad]);
}

function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const size = 8 + content.reduce((total, { length }) => total + length, 0);
  return Buffer.concat([u32(size), text(type), ...content]);
}

const POSITION = text("+52.5200+013.4050/");
const MDAT = box("mdat", Buffer.alloc(1_200_000));

function film(brand: string, ...moov: readonly Uint8Array[]): Buffer {
  return Buffer.concat([box("ftyp", text(`${brand}\0\0\0\0`)), MDAT, box("moov", ...moov)]);
}

function heif(brand: string, exif: Uint8Array): Buffer {
  const item = Buffer.concat([u32(6), text("Exif\0\0"), exif]);
  const content = Buffer.concat([Buffer.alloc(300_000, 7), item]);
  const head = [box("ftyp", text(`${brand}\0\0\0\0mif1`)), box("meta", text("iinfExif"))];
  return Buffer.concat([...head, box("mdat", content)]);
}

function zipped(name: string, content: Uint8Array, isStored: boolean): Buffer {
  const data = isStored ? content : deflateRawSync(content);
  const head = Buffer.alloc(26);
  head.writeUInt16LE(isStored ? 0 : 8, 4);
  head.writeUInt32LE(data.length, 14);
  head.writeUInt32LE(content.length, 18);
  head.writeUInt16LE(name.length, 22);
  return Buffer.concat([text("PK\x03\x04"), head, text(name), data, text("PK\x05\x06")]);
}

/** Big-endian TIFF whose position is behind its pixels. */
function rawPhoto(entry: 2 | 0): Buffer {
  const pixels = Buffer.alloc(400_000);
  const head = tiffOf([[0x8825, 4, 1, 8 + 2 + 12 + 4 + pixels.length]]);
  return Buffer.concat([head, pixels, tiffOf([[entry, 5, 3, 0]]).subarray(8)]);
}

function littleTiff(): Buffer {
  return Buffer.from(
    ["49492a0008000000", "0100", "2588040001000000", "1a000000", "00000000"].join("") +
      ["0100", "0400050003000000", "00000000", "00000000"].join(""),
    "hex",
  );
}

export interface PersonalSample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly data: PersonalData;
  /** Whether the page can remove it without changing the picture, film or sound. */
  readonly isRemovable: boolean;
}

type Findings = Partial<PersonalData> & { readonly isRemovable?: boolean };

/** EXIF with the name of the owner in a directory of its own. */
function ownerExif(): Buffer {
  const owner = text("Ana Ortega\0");
  const first = 8 + 2 + 12 + 4;
  const tiff = tiffOf([[0x8769, 4, 1, first]], [[0xa430, 2, owner.length, first + 2 + 12 + 4]]);
  return Buffer.concat([tiff, owner]);
}

function artistExif(artist: string): Buffer {
  const value = text(`${artist}\0`);
  return Buffer.concat([tiffOf([[0x013b, 2, value.length, 26]]), value]);
}

/** EXIF with the notes of a camera, a directory of texts whose offsets count from the EXIF. */
function makerExif(
  maker: string,
  entries: readonly (readonly [tag: number, value: string])[],
  signature = "",
): Buffer {
  const make = text(`${maker}\0\0\0\0`);
  const exifAt = 8 + 2 + 24 + 4;
  const makeAt = exifAt + 2 + 12 + 4;
  const notesAt = makeAt + make.length;
  const valuesAt = notesAt + signature.length + 2 + 12 * entries.length + 4;
  let at = valuesAt;
  const directory = tiffOf(
    entries.map(([tag, value]) => {
      at += value.length;
      return [tag, 2, value.length, at - value.length];
    }),
  ).subarray(8);
  const notes = Buffer.concat([
    text(signature),
    directory,
    ...entries.map(([, value]) => text(value)),
  ]);
  const tiff = tiffOf(
    [
      [0x010f, 2, make.length, makeAt],
      [0x8769, 4, 1, exifAt],
    ],
    [[0x927c, 7, notes.length, notesAt]],
  );
  return Buffer.concat([tiff, make, notes]);
}

const MP3 = Buffer.concat([text("\xff\xfb\x90\x44"), Buffer.alloc(200_000, 0x55)]);

function id3v1(artist: string): Buffer {
  const field = (value: string, length: number) => text(value.padEnd(length, "\0"));
  return Buffer.concat([text("TAG"), field("Waltz", 30), field(artist, 30), Buffer.alloc(65)]);
}

function ebml(id: string, content: Uint8Array, isLive = false): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(content.length, 4);
  size[0] = 1;
  const length = isLive ? Buffer.from("01ffffffffffffff", "hex") : size;
  return Buffer.concat([Buffer.from(id, "hex"), length, content]);
}

/** @param isLive made by a recorder, which does not know the length of what follows */
function matroska(name: string, value: string, isLive = false): Buffer {
  const tag = Buffer.concat([ebml("45a3", text(name)), ebml("4487", text(value))]);
  const tags = ebml("1254c367", ebml("7373", ebml("67c8", tag)));
  const cluster = ebml("1f43b675", ebml("a3", Buffer.alloc(300_000)), isLive);
  const head = ebml("1a45dfa3", ebml("4282", text("webm")));
  return Buffer.concat([head, ebml("18538067", Buffer.concat([cluster, tags]), isLive)]);
}

/** Segment of Photoshop and of news agencies. */
function iptc(...datasets: readonly (readonly [number: number, value: string])[]): Buffer {
  const parts = datasets.map(([number, value]) =>
    Buffer.concat([Buffer.from([0x1c, 2, number, 0, value.length]), text(value)]),
  );
  return Buffer.concat([text("8BIM\x04\x04\0\0\0\0"), ...parts]);
}

/** JPEG of a phone with a second picture, which the first one lists. */
function withSecondPicture(jpeg: Uint8Array, second: Uint8Array): Buffer {
  const tiff = Buffer.from(tiffOf([[0xb002, 7, 32, 26]]));
  const list = Buffer.alloc(32);
  const marked = withSegment(jpeg, "MPF\0", Buffer.concat([tiff, list]), 0xe2);
  // Offsets count from the header of the list, behind SOI, marker, length and signature.
  marked.writeUInt32BE(marked.length - 10, 10 + tiff.length + 16 + 8);
  return Buffer.concat([marked, second]);
}

function raf(jpeg: Uint8Array): Buffer {
  const head = Buffer.alloc(200);
  head.write("FUJIFILMCCD-RAW 0201");
  head.writeUInt32BE(200, 84);
  return Buffer.concat([head, jpeg]);
}

function id3(...frames: readonly (readonly [id: string, value: string])[]): Buffer {
  const parts = frames.map(([id, value]) =>
    Buffer.concat([text(id), u32(1 + value.length), Buffer.alloc(3), text(value)]),
  );
  const content = Buffer.concat(parts);
  const size = Buffer.from([0, 0, content.length >> 7, content.length & 127]);
  return Buffer.concat([text("ID3\x03\0\0"), size, content, Buffer.alloc(4_000, 0xff)]);
}

function comments(...values: readonly string[]): Buffer {
  const parts = values.map((value) => Buffer.concat([u32(value.length, true), text(value)]));
  return Buffer.concat([u32(4, true), text("test"), u32(values.length, true), ...parts]);
}

function flac(...values: readonly string[]): Buffer {
  const block = comments(...values);
  const stream = Buffer.concat([text("\0\0\0\x22"), Buffer.alloc(34)]);
  return Buffer.concat([text("fLaC"), stream, Buffer.from([0x84, 0, 0, block.length]), block]);
}

function wave(type: string, content: Buffer): Buffer {
  return withWebpChunk(text("RIFF\x24\0\0\0WAVEfmt \0\0\0\0"), type, content);
}

const CORE = (creator: string) =>
  text(`<cp:coreProperties><dc:creator>${creator}</dc:creator></cp:coreProperties>`);

/** Archive whose writer learned the lengths last, as LibreOffice does. */
function streamed(name: string, content: Uint8Array): Buffer {
  const whole = zipped(name, content, false);
  whole.writeUInt32LE(0, 18);
  const end = whole.length - 4;
  return Buffer.concat([whole.subarray(0, end), text("PK\x07\x08"), Buffer.alloc(12)]);
}

/** Formats and makers whose files are searched, with and without personal data. */
export async function personalSamples(): Promise<readonly PersonalSample[]> {
  const jpeg = await jpegOf(30, 20);
  const located = withExif(jpeg, phoneExif());
  const png = pngOf(30, 20);
  const webp = await webpOf(30, 20, true);
  const gif = text("GIF89a\x01\0\x01\0\0\0\0");
  const pdf = (content: Uint8Array) =>
    Buffer.concat([text("%PDF-1.7\nstream\n"), Buffer.alloc(70_000, 32), content, text("\n%%EOF")]);
  const apple = box("meta", text("keysmdtacom.apple.quicktime.location.ISO6709"), POSITION);
  let far = located;
  for (let i = 0; i < 9; i++) far = withSegment(far, "other\0", Buffer.alloc(60_000));
  const samples: PersonalSample[] = [];
  const add = (name: string, bytes: Uint8Array, findings: Findings = {}) => {
    const { location = "has not", name: person = "has not", isRemovable = false } = findings;
    samples.push({ name, bytes, data: { location, name: person }, isRemovable });
  };
  const removable = { isRemovable: true } as const;
  const place = { location: "has", ...removable } as const;
  const person = { name: "has", ...removable } as const;
  // JPEG: phones, cameras, editors, agencies.
  add("phone.jpg", located, place);
  add("far.jpg", far, place);
  add("edited.jpg", withSegment(jpeg, XMP, text(XMP_TEXT)), place);
  add("segment.jpg", withSegment(jpeg, "other\0", text(XMP_TEXT), 0xe5), place);
  add("comment.jpg", withSegment(jpeg, "", text("dji GPSLatitude=52.5"), 0xfe), place);
  const agency = iptc([0x5a, "Berlin"], [0x50, "Ana Ortega"]);
  add("agency.jpg", withSegment(jpeg, "Photoshop 3.0\0", agency, 0xed), { ...place, ...person });
  const blank = iptc([0x5a, ""], [0x50, ""]);
  add("blank.jpg", withSegment(jpeg, "Photoshop 3.0\0", blank, 0xed));
  add("canon.jpg", withExif(jpeg, artistExif("Ana Ortega")), person);
  add("unnamed.jpg", withExif(jpeg, artistExif("          ")));
  add("owner.jpg", withExif(jpeg, ownerExif()), person);
  const faces = "<rdf:Description mwg-rs:Name='Ben' mwg-rs:Type='Face'/>";
  add("faces.jpg", withSegment(jpeg, XMP, text(faces)), person);
  const creator = "<dc:creator> <rdf:Seq> <rdf:li>Ana</rdf:li></rdf:Seq></dc:creator>";
  add("lightroom.jpg", withSegment(jpeg, XMP, text(creator)), person);
  add("depth.jpg", withSecondPicture(jpeg, located), place);
  add("gain.jpg", withSecondPicture(jpeg, jpeg));
  const motion = Buffer.concat([
    withSegment(jpeg, XMP, text("<GCamera:MotionPhoto>1</GCamera:MotionPhoto>")),
    film("mp42", box("udta", box("\xa9xyz", POSITION))),
  ]);
  add("motion.jpg", motion, place);
  const short = withSegment(jpeg, XMP, text("<GCamera:MotionPhoto>1</GCamera:MotionPhoto>"));
  add("motion cut.jpg", short, { location: "may have", ...removable });
  add("motion plain.jpg", Buffer.concat([short, film("mp42")]));
  // Samsung and others say nothing in XMP, and end the file with a list of what they added.
  const samsung = film("mp42", box("udta", box("\xa9xyz", POSITION)));
  const tail = text("SEFHk\0\0\0\x01\0\0\0MotionPhoto_Data\x18\0\0\0SEFT");
  add(
    "motion samsung.jpg",
    Buffer.concat([jpeg, text("\0\0MotionPhoto_Data"), samsung, tail]),
    place,
  );
  add(
    "motion author.jpg",
    Buffer.concat([jpeg, film("isom", box("udta", box("\xa9ART", text("Ana"))))]),
    person,
  );
  add("dual.jpg", Buffer.concat([jpeg, located]), place);
  add("canon owner.jpg", withExif(jpeg, makerExif("Canon", [[9, "Ana Ortega"]])), person);
  add("canon unnamed.jpg", withExif(jpeg, makerExif("Canon", [[9, "\0\0\0\0\0"]])));
  add("other maker.jpg", withExif(jpeg, makerExif("Other", [[9, "Ana Ortega"]])));
  const panasonic = (tag: number, value: string) =>
    withExif(jpeg, makerExif("Panasonic", [[tag, value]], "Panasonic\0\0\0"));
  add("lumix child.jpg", panasonic(0x66, "Ben Ortega"), person);
  add("lumix place.jpg", panasonic(0x6d, "Berlin Mitte"), place);
  add("lumix none.jpg", panasonic(0x6d, "---\0\0\0"));
  add("plain.jpg", jpeg);
  add("turned.jpg", withExif(jpeg, orientation(6)));
  add("version.jpg", withExif(jpeg, tiffOf([[0x8825, 4, 1, 26]], [[0, 1, 4, 0]])));
  const upright = tiffOf([[0x8825, 4, 1, 26]], [[2, 5, 3, 0]]);
  add("sideways.png", withPngChunk(png, "eXIf", phoneExif()), { location: "has" });
  // PNG and WebP: screenshots, Android, programs.
  add("exif.png", withPngChunk(png, "eXIf", upright), place);
  add("late.png", withPngChunk(png, "eXIf", upright, true), place);
  add("xmp.png", withPngChunk(png, "iTXt", text(`XML:com.adobe.xmp\0\0\0\0\0${XMP_TEXT}`)), place);
  add("author.png", withPngChunk(png, "tEXt", text("Author\0Ana")), person);
  const profile = withPngChunk(png, "zTXt", text("Raw profile type exif\0\0..."));
  add("old.png", profile, { location: "may have", name: "may have", ...removable });
  add("plain.png", png);
  add("turned.png", withPngChunk(png, "eXIf", orientation(6)));
  add("exif.webp", withWebpChunk(webp, "EXIF", phoneExif()), place);
  const signed = Buffer.concat([text("Exif\0\0"), littleTiff()]);
  add("signed.webp", withWebpChunk(webp, "EXIF", signed), place);
  add("xmp.webp", withWebpChunk(webp, "XMP ", text(XMP_TEXT)), place);
  add("plain.webp", webp);
  add("turned.webp", withWebpChunk(webp, "EXIF", orientation(6)));
  // TIFF and raw photos: Adobe, Panasonic, Olympus, Fujifilm, Canon.
  add("scan.tif", littleTiff(), { location: "has" });
  add("raw.dng", rawPhoto(2), { location: "has" });
  add("plain.dng", rawPhoto(0));
  add("plain.tif", orientation(1));
  add("lumix.rw2", Buffer.concat([text("IIU\0"), littleTiff().subarray(4)]), { location: "has" });
  add("om.orf", Buffer.concat([text("IIRO"), littleTiff().subarray(4)]), { location: "has" });
  add("finepix.raf", raf(located), { location: "has" });
  const canon = box("uuid", Buffer.alloc(16), box("CMT4", tiffOf([[2, 5, 3, 0]])));
  add("eos.cr3", film("crx ", canon), { location: "has" });
  // HEIF: Apple, Samsung, AVIF.
  add("phone.heic", heif("heic", phoneExif()), { location: "has" });
  add("phone.heif", heif("mif1", littleTiff()), { location: "has" });
  add("photo.avif", heif("avif", phoneExif()), { location: "has" });
  add("motion.heic", Buffer.concat([heif("heic", orientation(6)), box("mpvd", samsung)]), {
    location: "has",
  });
  add("plain.heic", heif("heic", orientation(6)));
  // Films and recordings: Android, Apple, 3GPP, GoPro, editors.
  const xyz = box("udta", box("\xa9xyz", u32(POSITION.length), POSITION));
  add("android.mp4", film("mp42", xyz), place);
  add("phone.mov", film("qt  ", apple), place);
  add("old.3gp", film("3gp4", box("udta", box("loci", u32(0), text("here\0")))), place);
  add("voice.m4a", film("M4A ", box("udta", box("\xa9xyz", POSITION))), place);
  const uuid = box("uuid", Buffer.alloc(16), text(XMP_TEXT));
  add("edited.mp4", Buffer.concat([film("mp42"), uuid]), place);
  add("podcast.m4a", film("M4A ", box("udta", box("\xa9ART", text("Ana")))), person);
  add("action.mp4", film("mp42", box("trak", text("gpmd"))), { location: "may have" });
  add("film.mp4", film("mp42", box("udta", box("name", text("loci")))));
  add("clip.webm", matroska("ARTIST", "Ana"), { name: "has" });
  add("phone.mkv", matroska("LOCATION", "+52.5200+013.4050/"), { location: "has" });
  add("encoded.mkv", matroska("ENCODER", "Lavf60"));
  add("live.webm", matroska("DIRECTOR", "Ana", true), { name: "has" });
  // Sound.
  add("song.mp3", id3(["TPE1", "Ana Ortega"]), { name: "has" });
  add("title.mp3", id3(["TIT2", "Waltz"]));
  add("old.mp3", Buffer.concat([MP3, id3v1("Ana Ortega")]), { name: "has" });
  add("both.mp3", Buffer.concat([id3(["TIT2", "Waltz"]), MP3, id3v1("Ana")]), { name: "has" });
  add("nobody.mp3", Buffer.concat([MP3, id3v1("")]));
  add("plain.mp3", MP3);
  add("ape.mp3", Buffer.concat([MP3, text("APETAGEX\xd0\x07\0\0Artist\0Ana")]), { name: "has" });
  add("wide.mp3", id3(["TPE1", "\x01\xff\xfeA\0n\0a\0"]), { name: "has" });
  add("radio.aac", Buffer.concat([text("\xff\xf1"), MP3, id3v1("Ana")]), { name: "has" });
  add("song.flac", flac("TITLE=Waltz", "ARTIST=Ana"), { name: "has" });
  add("field.flac", flac("LOCATION=Berlin"), { location: "has" });
  add("title.flac", flac("TITLE=Waltz"));
  const opus = Buffer.concat([text("OggS"), Buffer.alloc(24), text("OpusTags")]);
  add("song.opus", Buffer.concat([opus, comments("artist=Ana")]), { name: "has" });
  add("title.opus", Buffer.concat([opus, comments("title=Waltz")]));
  const artist = Buffer.concat([text("INFOIART"), u32(4, true), text("Ana\0")]);
  add("take.wav", wave("LIST", artist), { name: "has" });
  add("plain.wav", wave("data", Buffer.alloc(4)));
  // Documents and archives.
  add("moving.gif", Buffer.concat([gif, text(`!\xff\x0bXMP DataXMP${XMP_TEXT}`)]), {
    location: "has",
  });
  add("plain.gif", gif);
  add("scan.pdf", pdf(located), { location: "has" });
  add("report.pdf", pdf(text(XMP_TEXT)), { location: "has" });
  add("plain.pdf", pdf(jpeg));
  add("essay.pdf", pdf(text("<</Author (Ana Ortega) /Producer (Word)>>")), { name: "has" });
  add("nameless.pdf", pdf(text("<</Author () /Producer (Word)>>")));
  add("packed.pdf", pdf(text("<</Type /ObjStm>>")), { name: "may have" });
  add("letter.rtf", text("{\\rtf1{\\info{\\author Ana}}}"), { name: "has" });
  add("old.doc", Buffer.from("d0cf11e0a1b11ae1", "hex"), { name: "may have" });
  const media = zipped("word/media/image1.jpeg", located, false);
  add("photos.docx", media, { location: "may have" });
  add("word.docx", zipped("docProps/core.xml", CORE("Ana"), false), { name: "has" });
  add("anonymous.docx", zipped("docProps/core.xml", CORE(""), false));
  add("writer.odt", streamed("meta.xml", CORE("Ana")), { name: "has" });
  const damaged = zipped("docProps/core.xml", CORE("Ana"), false).fill(7, 50, 60);
  add("damaged.xlsx", damaged, { name: "may have" });
  add("letter.docx", zipped("word/document.xml", text("<w:document/>"), false));
  add("stored.zip", zipped("trip/one.jpg", located, true), { location: "has" });
  add("trip.zip", zipped("IMG_0001.HEIC", located, false), { location: "may have" });
  add("notes.txt", text("GPSLatitude"));
  add("empty", new Uint8Array(0));
  return samples;
}
