export { SAMPLE_REPORT } from "./testing/sample_report.ts";
