/**
 * Shared code that every lazy module imports, so that the bundler emits one shared file, which
 * compresses better than several.
 */

import "../browser/browser.ts";
import "../driver/chat.ts";
import "./app.tsx";
