import { afterAll, beforeAll, describe } from "bun:test";
import { Bench, type LinkPlace } from "../link-bench.ts";
import { ends, listeners } from "../link-ends.ts";
import { channels, topics } from "../link-fan-out.ts";
import { backpressure, messages } from "../link-flow.ts";

/** The one promise that every kind of link keeps. */
export function linkCompliance(name: string, place: LinkPlace): void {
  const bench = new Bench(place);

  describe(`${name} link`, () => {
    beforeAll(() => bench.open());
    afterAll(() => bench.listener.stop());
    describe("messages", () => messages(bench));
    describe("backpressure", () => backpressure(bench, place));
    describe("topics", () => topics(bench, place));
    describe("lanes", () => channels(bench));
    describe("ends", () => ends(bench, place));
    describe("listener", () => listeners(place));
  });
}
