/** Fetched once a user is in: what holds the server to its log, and what sends and fetches files. */
import "./first-screen.ts";

export { openTransfers } from "../transfer/page-transfers.ts";
export { alarmingAuditor } from "./alarm.tsx";
