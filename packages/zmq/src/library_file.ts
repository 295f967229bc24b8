/** Alone in its file because the import fails when the file is missing: ./library.ts handles that. */
import path from "../libzmq.so" with { type: "file" };

export const libraryFile: string = path;
