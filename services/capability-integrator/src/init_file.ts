/** The `__init__.py` that makes a directory a package. Generated, and said so in its docstring. */

/** Would end or distort the docstring. */
const UNSAFE = /[\\"\r\n]/g;

export function initFileText(modulePath: string): string {
  const named = modulePath.replace(UNSAFE, "_");
  return `"""${named}: package file, generated when the module was entered into the registry of capabilities."""\n\n__all__ = []\n`;
}
