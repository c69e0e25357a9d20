/** The screen as components of Ink: which region stands below which. */

import { Box, Text, Transform } from "ink";
import { memo } from "react";
import type { Regions } from "./composition.ts";

/** Takes a line of the screen, and gives the sign that stands for it in what Ink writes. */
export type PutLine = (line: string) => string;

interface RegionProps {
  readonly lines: readonly string[];
  readonly put: PutLine;
}

/**
 * Ink measures text, and keeps what it has measured for good: what it measures here is the number
 * of lines alone.
 */
const Region = memo(function Region({ lines, put }: RegionProps) {
  if (lines.length === 0) return null;
  return (
    <Box height={lines.length} flexShrink={0}>
      <Transform transform={(_, index) => put(lines[index] ?? "")}>
        <Text>{lines.length === 1 ? " " : "\n".repeat(lines.length - 1)}</Text>
      </Transform>
    </Box>
  );
});

export interface ScreenProps {
  readonly regions: Regions;
  readonly put: PutLine;
}

export function Screen({ regions, put }: ScreenProps) {
  const { header, body, notices, status, input } = regions;
  return (
    <Box flexDirection="column">
      <Region lines={header} put={put} />
      <Region lines={body} put={put} />
      <Region lines={notices} put={put} />
      <Region lines={status} put={put} />
      <Region lines={input} put={put} />
    </Box>
  );
}
