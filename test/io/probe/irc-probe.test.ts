import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { checkIrc } from "../../../src/cli/doctor/machine.ts";
import { probeIrc } from "../../../src/io/probe/network-probe.ts";
import { rejection } from "../../rejection.ts";

function answering(answer: string | undefined) {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
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
  const servers = [
    { data: "/srv/a", irc: ["irc://127.0.0.1:6667", "ircs://[::1]:6697"] },
    { data: "/srv/b", irc: ["ircs://127.0.0.1:6698"] },
    { data: "/srv/c" },
  ];
  const finding = await checkIrc(servers, async ({ host, port, isSecure }) => {
    targets.push([host, port, isSecure]);
    return isSecure ? `AB:${port}` : undefined;
  });
  expect(targets).toEqual([
    ["127.0.0.1", 6667, false],
    ["::1", 6697, true],
    ["127.0.0.1", 6698, true],
  ]);
  expect(finding.message.split("; ")).toEqual([
    "irc://127.0.0.1:6667 (/srv/a)",
    "ircs://[::1]:6697 (/srv/a), certificate AB:6697",
    "ircs://127.0.0.1:6698 (/srv/b), certificate AB:6698",
  ]);
  const fault = new Fault("unreachable", "no answer");
  expect(await rejection(checkIrc(servers, () => Promise.reject(fault)))).toBe(fault);
});
