import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serveNodes } from "../e2e/cluster-nodes.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { clusterPageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";

/** The machine of a page is gone, and the server is not. */

const browser = sharedBrowser();

clusterPageTest("a page whose machine is gone leads to those on the others", async () => {
  const nats = await NatsServers.start(1);
  await using ended = new AsyncDisposableStack();
  ended.defer(() => nats.stop());
  await using sandbox = new Sandbox();
  const [first, other] = await serveNodes(sandbox, nats, ["first", "other"]);
  if (first === undefined || other === undefined) throw new Error("no servers");
  await until("the first knows of the other", () =>
    readFileSync(join(first.data, "invite"), "utf8").includes(`also=${other.address}`),
  );
  await using ana = await browser.visit(pageAddress(first));
  await ana.enter("ana");
  await ana.says("before");
  await ana.settled();
  expect(await ana.page.getByText("The same server is also at").count()).toBe(0);
  await first.program.signal("SIGKILL");
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.page.getByText("The same server is also at").waitFor();
  const links = ana.page.locator(".banner a");
  expect(await links.count()).toBe(1);
  expect(await links.getAttribute("href")).toBe(`https://${other.address}/`);
});
