import "./first-screen.ts";
import { openTransfers } from "../transfer/page-transfers.ts";
import { alarmingAuditor } from "./alarm.tsx";

/** Fetched once a user is in: what holds the server to its log, what sends and fetches files. */
export const ENTERED = { openTransfers, alarmingAuditor } as const;
