import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { checkIrc } from "../../../src/cli/doctor/irc.ts";
import { probeIrc } from "../../../src/io/probe/irc-probe.ts";
import { rejection } from "../../rejection.ts";

function answering(answer: string | undefined) {
  const server = Bun.listen({
    ...{ hostname: "127.0.0.1", port: 0 },
    socket: {
      data: (socket) => {
        if (answer === undefined) socket.end();
        else socket.write(answer);
      },
    },
  });
  const target = { host: "127.0.0.1", port: server.port, isSecure: false, timeoutMs: 10_000 };
  return { target, stop: () => server.stop(true) };
}

test("accepts an answer of IRC, and refuses all others", async () => {
  for (const [answer, isIrc] of [
    [":chat CAP * LS :sasl\r\n", true],
    ["220 mail.example ESMTP\r\n".repeat(200), false],
    [undefined, false],
  ] as const) {
    const { target, stop } = answering(answer);
    const outcome = isIrc ? await probeIrc(target) : await rejection(probeIrc(target));
    if (isIrc) expect(outcome).toBeUndefined();
    else expect(outcome).toMatchObject({ code: "unreachable" });
    stop();
  }
});

test("reports a refused connection and a silent service", async () => {
  const { target, stop } = answering("");
  const silent = await rejection(probeIrc({ ...target, timeoutMs: 20 }));
  expect(silent).toMatchObject({ code: "timeout" });
  stop();
  const refused = await rejection(probeIrc(target));
  expect(refused.message).toContain(`cannot connect to IRC port ${target.port} (ECONNREFUSED)`);
});

test("checks every address, and fails with the first that does not answer", async () => {
  const targets: unknown[] = [];
  const addresses = ["irc://127.0.0.1:6667", "ircs://[::1]:6697"];
  const finding = await checkIrc(addresses, async ({ host, port, isSecure }) => {
    targets.push([host, port, isSecure]);
    return isSecure ? "AB:CD" : undefined;
  });
  expect(targets).toEqual([
    ["127.0.0.1", 6667, false],
    ["::1", 6697, true],
  ]);
  expect(finding.message).toBe("irc://127.0.0.1:6667; ircs://[::1]:6697, certificate AB:CD");
  const fault = new Fault("unreachable", "no answer");
  expect(await rejection(checkIrc(addresses, () => Promise.reject(fault)))).toBe(fault);
});
