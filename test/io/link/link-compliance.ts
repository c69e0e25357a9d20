import { afterAll, beforeAll, describe } from "bun:test";
import { Bench, type LinkSetup } from "../link-bench.ts";
import { ends, listeners } from "../link-ends.ts";
import { channels, topics } from "../link-fan-out.ts";
import { backpressure, messages } from "../link-flow.ts";

/** The one promise that every kind of link keeps. */
export function linkCompliance(name: string, setup: LinkSetup): void {
  const bench = new Bench(setup);

  describe(`${name} link`, () => {
    beforeAll(() => bench.open());
    afterAll(() => bench.listener.stop());
    describe("messages", () => messages(bench));
    describe("backpressure", () => backpressure(bench, setup));
    describe("topics", () => topics(bench, setup));
    describe("lanes", () => channels(bench));
    describe("ends", () => ends(bench, setup));
    describe("listener", () => listeners(setup));
  });
}
