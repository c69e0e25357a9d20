/** Code loaded after login: the log auditor and file transfers. */

import "./first-screen.ts";
import { openTransfers } from "../transfer/page-transfers.ts";
import { alarmingAuditor } from "./alarm.tsx";

export const AFTER_LOGIN = { openTransfers, alarmingAuditor } as const;
