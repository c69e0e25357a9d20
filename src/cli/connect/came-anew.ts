/** What users are told when this device has come back into its sealed rooms, by the reason. */
export const CAME_ANEW = {
  copy: "what this device kept of sealed rooms was an older copy: it came in anew",
  damaged: "what this device kept of sealed rooms was lost or damaged: it came in anew",
} as const;
