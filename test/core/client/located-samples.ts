/** Files of the structure that cameras, phones and programs write, with and without a location. */

import { deflateRawSync } from "node:zlib";
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

type Samples = Readonly<
  Record<"has" | "may have" | "has not", Readonly<Record<string, Uint8Array>>>
>;

export async function locatedSamples(): Promise<Samples> {
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
  return {
    has: {
      "phone.jpg": located,
      "far.jpg": far,
      "edited.jpg": withSegment(jpeg, XMP, text(XMP_TEXT)),
      "exif.png": withPngChunk(png, "eXIf", phoneExif()),
      "late.png": withPngChunk(png, "eXIf", phoneExif(), true),
      "xmp.png": withPngChunk(png, "iTXt", text(`XML:com.adobe.xmp\0\0\0\0\0${XMP_TEXT}`)),
      "exif.webp": withWebpChunk(webp, "EXIF", phoneExif()),
      "signed.webp": withWebpChunk(webp, "EXIF", Buffer.concat([text("Exif\0\0"), littleTiff()])),
      "xmp.webp": withWebpChunk(webp, "XMP ", text(XMP_TEXT)),
      "scan.tif": littleTiff(),
      "raw.dng": rawPhoto(2),
      "phone.heic": heif("heic", phoneExif()),
      "phone.heif": heif("mif1", littleTiff()),
      "photo.avif": heif("avif", phoneExif()),
      "android.mp4": film("mp42", box("udta", box("\xa9xyz", u32(POSITION.length), POSITION))),
      "phone.mov": film("qt  ", apple),
      "old.3gp": film("3gp4", box("udta", box("loci", u32(0), text("here\0")))),
      "voice.m4a": film("M4A ", box("udta", box("\xa9xyz", POSITION))),
      "edited.mp4": Buffer.concat([film("mp42"), box("uuid", Buffer.alloc(16), text(XMP_TEXT))]),
      "moving.gif": Buffer.concat([gif, text(`!\xff\x0bXMP DataXMP${XMP_TEXT}`)]),
      "scan.pdf": pdf(located),
      "report.pdf": pdf(text(XMP_TEXT)),
      "stored.zip": zipped("trip/one.jpg", located, true),
    },
    "may have": {
      "motion.jpg": Buffer.concat([
        withSegment(jpeg, XMP, text("<GCamera:MotionPhoto>1</GCamera:MotionPhoto>")),
        film("mp42", box("udta", box("\xa9xyz", POSITION))),
      ]),
      "old.png": withPngChunk(png, "zTXt", text("Raw profile type exif\0\0...")),
      "action.mp4": film("mp42", box("trak", text("gpmd"))),
      "letter.docx": zipped("word/media/image1.jpeg", located, false),
      "trip.zip": zipped("IMG_0001.HEIC", located, false),
    },
    "has not": {
      "plain.jpg": jpeg,
      "turned.jpg": withExif(jpeg, orientation(6)),
      "version.jpg": withExif(jpeg, tiffOf([[0x8825, 4, 1, 26]], [[0, 1, 4, 0]])),
      "other.jpg": withSegment(jpeg, "other\0", text(XMP_TEXT)),
      "plain.png": png,
      "turned.png": withPngChunk(png, "eXIf", orientation(6)),
      "plain.webp": webp,
      "turned.webp": withWebpChunk(webp, "EXIF", orientation(6)),
      "scan.tif": orientation(1),
      "raw.dng": rawPhoto(0),
      "phone.heic": heif("heic", orientation(6)),
      "film.mp4": film("mp42", box("udta", box("name", text("loci")))),
      "plain.gif": gif,
      "scan.pdf": pdf(jpeg),
      "letter.docx": zipped("word/document.xml", text("<w:document/>"), false),
      "notes.txt": text("GPSLatitude"),
      empty: new Uint8Array(0),
    },
  };
}
