import { expect, test } from "bun:test";
import { imageType, isPdf, mediaType } from "../../../src/web/browser/media.ts";

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex);
}

test("detects image types by content", () => {
  expect(imageType(bytesOf("89504e470d0a1a0a0000"))).toBe("image/png");
  expect(imageType(bytesOf("ffd8ffe000104a46"))).toBe("image/jpeg");
  expect(imageType(bytesOf("524946461234567857454250"))).toBe("image/webp");
  expect(imageType(bytesOf("52494646123456785741564500"))).toBeUndefined();
  expect(imageType(new TextEncoder().encode("<svg onload=alert(1)>"))).toBeUndefined();
  expect(imageType(new Uint8Array(0))).toBeUndefined();
});

test("never opens executable or markup types", () => {
  for (const name of ["a.svg", "a.html", "a.htm", "a.xml", "a.exe", "png", "a."]) {
    expect(mediaType(name)).toBeUndefined();
  }
  expect(mediaType("A.JPG")?.mime).toBe("image/jpeg");
  expect(mediaType("x.png.html")).toBeUndefined();
  expect(mediaType("notes.txt")?.kind).toBe("text");
  expect(mediaType("a.pdf")).toMatchObject({ kind: "document", mime: "application/pdf" });
});

test("recognizes a PDF, also with leading bytes", () => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));
  expect(isPdf(bytes("%PDF-1.7\n"))).toBe(true);
  expect(isPdf(bytes(`${"x".repeat(1_019)}%PDF-`))).toBe(true);
  expect(isPdf(bytes(`${"x".repeat(1_020)}%PDF-`))).toBe(false);
  expect(isPdf(bytes("<!doctype html><script>alert(1)</script>"))).toBe(false);
  expect(isPdf(new Uint8Array())).toBe(false);
});
