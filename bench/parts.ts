/** Parts of the benchmark: separate programs, so that a failing part does not affect the others. */
import type { Sample } from "./samples.ts";

export interface Part {
  readonly name: string;
  readonly program: string;
  readonly flags: readonly string[];
  readonly quickFlags: readonly string[];
  readonly parseSample?: (line: string, isQuick: boolean) => Sample | undefined;
  /** Whether bench/performance.md uses the part; `bench -- all` runs only those. */
  readonly isReported: boolean;
  readonly minutesMax: number;
}

const QUICK = ["--quick"];
const PEOPLE = ["--people", "2000,2000,2000,10000"];
/** Clients of the part `idle`. */
export const NEW_IN_ONE_ROOM = "WebSocket, new, one room";
export const BACK_OVER_WEBSOCKET = "WebSocket, back after kill -9, rooms of 20";
export const BACK_OVER_IRC = "IRC, back after kill -9, rooms of 20";
export const START_RECORDS = 1_000_000;
const START_RECORDS_QUICK = 100_000;
const PEOPLE_LINE = new RegExp(
  "^(\\d+) accounts .* registered in ([\\d.]+) s, all joins received after ([\\d.]+) s; " +
    ".* ([\\d.]+) CPU s and (\\d+) MiB",
);

export const PARTS: readonly Part[] = [
  reported("sends", "sends.ts", [], QUICK, 10),
  reported("start", "start.ts", [], QUICK, 1),
  {
    ...reported(
      "start-log",
      "start-log.ts",
      ["--records", `${START_RECORDS}`, "--starts", "3"],
      ["--records", `${START_RECORDS_QUICK}`, "--starts", "1"],
      4,
    ),
    parseSample: startSample,
  },
  reported("idle", "idle.ts", [], ["--connections", "500"], 15),
  {
    ...reported("people", "people.ts", [...PEOPLE, "--devices", "300,300,300"], QUICK, 8),
    parseSample: peopleSample,
  },
  reported("fan-out", "fan-out.ts", [], [...QUICK, "--readers", "10,100"], 20),
  reported("transfer", "transfer.ts", [], QUICK, 8),
  reported("log", "log.ts", ["--records", "10000000"], ["--records", "1000000"], 4),
  reported("load", "load.ts", [], QUICK, 6),
  reported("screen", "screen.ts", [], QUICK, 5),
  reported("page", "page.ts", [], QUICK, 30),
  unreported("udp", "udp.ts", [], QUICK),
  unreported("hostile", "hostile.ts", [], ["--rounds", "2"]),
  unreported("sealed", "sealed.ts", [], QUICK),
  unreported("sealed-server", "sealed-server.ts", [], QUICK),
  unreported("cluster", "cluster.ts", [], [...QUICK, "--rounds", "1"]),
];

function reported(
  name: string,
  program: string,
  flags: readonly string[],
  quickFlags: readonly string[],
  minutesMax: number,
): Part {
  return { name, program, flags, quickFlags, isReported: true, minutesMax };
}

function unreported(
  name: string,
  program: string,
  flags: readonly string[],
  quickFlags: readonly string[],
): Part {
  return { name, program, flags, quickFlags, isReported: false, minutesMax: 60 };
}

function peopleSample(line: string): Sample | undefined {
  const match = PEOPLE_LINE.exec(line);
  if (match === null) return undefined;
  const [people = 0, enteredSeconds = 0, seconds = 0, cpuSeconds = 0, peakMib = 0] = match
    .slice(1)
    .map(Number);
  return {
    table: "people",
    row: { people },
    values: { enteredSeconds, seconds, cpuSeconds, peakMib },
  };
}

function startSample(line: string, isQuick: boolean): Sample | undefined {
  if (!line.startsWith("{")) return undefined;
  const { snapshot, ...values } = JSON.parse(line) as Record<string, string | number>;
  const [ms, cpuSeconds, rssMb] = [values["ms"], values["cpuSeconds"], values["rssMb"]].map(Number);
  if (snapshot === undefined || ms === undefined) return undefined;
  if (cpuSeconds === undefined || rssMb === undefined) return undefined;
  const row = { records: isQuick ? START_RECORDS_QUICK : START_RECORDS, snapshot };
  return { table: "start-log", row, values: { ms, cpuSeconds, rssMb } };
}
