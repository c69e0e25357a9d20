import { describe, expect, test } from "bun:test";
import { within } from "../../event.ts";

const entry = new URL("link-assert.ts", import.meta.url).pathname;

async function run(broken: string): Promise<[number, string]> {
  const child = Bun.spawn([process.execPath, entry, broken], { stdout: "ignore", stderr: "pipe" });
  const [code, errors] = await within(
    "the end of the process",
    Promise.all([child.exited, new Response(child.stderr).text()]),
  );
  return [code, errors];
}

describe("a broken promise of ours stops the process, wherever a socket calls us:", () => {
  test("nowhere: it runs to its end", async () => {
    expect(await run("nowhere")).toEqual([0, ""]);
  });

  const places = ["http", "accept", "link", "server message", "client message"];
  test.each([...places, "server closed", "client closed"])("%s", async (place) => {
    const [code, errors] = await run(place);
    expect(code).toBe(1);
    expect(errors).toContain(`AssertionFailure: broken in ${place}`);
  });
});
