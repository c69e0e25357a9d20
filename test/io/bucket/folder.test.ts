import { expect, test } from "bun:test";
import { FolderBucket } from "../../../src/io/bucket/bucket.ts";
import { rejection } from "../../rejection.ts";
import { SimDisk } from "../disk/sim.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function open(disk = new SimDisk({ random: () => 0.5, unixMs: () => 0 })) {
  const place = { disk: disk.boot(), folder: "/d/sealed/keys", suffix: ".json", sizeBytesMax: 8 };
  return { disk, place, bucket: new FolderBucket(place) };
}

test("replaces a value only if it is the one that was read", async () => {
  const { bucket } = open();
  expect(await bucket.read("a")).toBeUndefined();
  expect(await bucket.write("a", bytes("one"), undefined)).toBe(true);
  expect(await bucket.write("a", bytes("two"), undefined)).toBe(false);
  const one = await bucket.read("a");
  expect(await bucket.write("a", bytes("two"), one)).toBe(true);
  expect(await bucket.write("a", bytes("three"), one)).toBe(false);
  expect((await bucket.read("a"))?.bytes).toEqual(bytes("two"));
  await bucket.remove("a");
  expect(await bucket.write("a", bytes("four"), one)).toBe(false);
  expect(await bucket.read("a")).toBeUndefined();
});

test("preserves values and folder in a power loss", async () => {
  const { disk, bucket } = open();
  await bucket.write("a", bytes("one"), undefined);
  disk.losePower();
  expect((await open(disk).bucket.read("a"))?.bytes).toEqual(bytes("one"));
});

test("removes unused and partially written values", async () => {
  const { place, bucket } = open();
  for (const name of ["a", "b"]) await bucket.write(name, bytes(name), undefined);
  for (const name of ["b.json.tmp", "other.txt"]) {
    place.disk.open(`${place.folder}/${name}`, "write").close();
  }
  await bucket.sweep((name) => name === "b");
  expect(place.disk.list(place.folder).toSorted()).toEqual(["b.json", "other.txt"]);
});

test("rejects oversized values", async () => {
  const { bucket } = open();
  await bucket.write("a", bytes("123456789"), undefined);
  expect(await rejection(bucket.read("a"))).toMatchObject({ code: "data-foreign" });
});
