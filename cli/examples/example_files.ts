/** The example tree as text, by path. A test compares the list with the directory. */
import audioInitPy from "./source/audio/__init__.py" with { type: "text" };
import audioCapturePy from "./source/audio/capture.py" with { type: "text" };
import audioSegmenterPy from "./source/audio/segmenter.py" with { type: "text" };
import dreamConfigYaml from "./source/dream/config/dream.yaml" with { type: "text" };
import * as archiveEvaluator from "./source/dream/evaluators/archive.ts" with { type: "text" };
import memoryREADMEMd from "./source/memory/README.md" with { type: "text" };
import memoryInitPy from "./source/memory/__init__.py" with { type: "text" };
import memoryEpisodesPy from "./source/memory/episodes.py" with { type: "text" };
import memoryRecallPy from "./source/memory/recall.py" with { type: "text" };
import notesREADMEMd from "./source/notes/README.md" with { type: "text" };
import reasoningInitPy from "./source/reasoning/__init__.py" with { type: "text" };
import reasoningPlannerPy from "./source/reasoning/planner.py" with { type: "text" };
import scratchTryOutPy from "./source/scratch/try_out.py" with { type: "text" };
import telemetryCountersPy from "./source/telemetry/counters.py" with { type: "text" };
import testsTestRecallPy from "./source/tests/test_recall.py" with { type: "text" };
import visionCameraPy from "./source/vision/camera.py" with { type: "text" };
import visionMotionPy from "./source/vision/motion.py" with { type: "text" };
import { EXAMPLE_REGISTRY } from "./example_registry.ts";

/** A program of the example is a text here too; the compiler knows it as a module. */
const archiveEvaluatorTs = (archiveEvaluator as unknown as { readonly default: string }).default;

/** Path below the source root → content. */
export const EXAMPLE_FILES: Readonly<Record<string, string>> = {
  "audio/__init__.py": audioInitPy,
  "audio/capture.py": audioCapturePy,
  "audio/segmenter.py": audioSegmenterPy,
  "dream/config/dream.yaml": dreamConfigYaml as string,
  "dream/evaluators/archive.ts": archiveEvaluatorTs,
  "memory/README.md": memoryREADMEMd,
  "memory/__init__.py": memoryInitPy,
  "memory/episodes.py": memoryEpisodesPy,
  "memory/recall.py": memoryRecallPy,
  "notes/README.md": notesREADMEMd,
  "reasoning/__init__.py": reasoningInitPy,
  "reasoning/planner.py": reasoningPlannerPy,
  "registry/capabilities.yaml": EXAMPLE_REGISTRY,
  "scratch/try_out.py": scratchTryOutPy,
  "telemetry/counters.py": telemetryCountersPy,
  "tests/test_recall.py": testsTestRecallPy,
  "vision/camera.py": visionCameraPy,
  "vision/motion.py": visionMotionPy,
};
