/** From a winner's parameters to the keys of the environment file. Pure. */

/** The installation's own table, for experiments that give no mapping. */
const TABLE: ReadonlyMap<string, string> = new Map([
  ["context_length", "VLLM_CONTEXT_LENGTH"],
  ["gpu_layers", "VLLM_GPU_LAYERS"],
  ["max_tokens", "VLLM_MAX_TOKENS"],
  ["temperature", "VLLM_TEMPERATURE"],
  ["speed", "KLR_TTS_SPEED"],
  ["quality", "KLR_TTS_QUALITY"],
  ["threshold", "KLR_VAD_THRESHOLD"],
  ["sensitivity", "KLR_VAD_SENSITIVITY"],
  ["max_context_turns", "KLR_MAX_CONTEXT_EVENTS"],
  ["conversation_timeout", "KLR_CONVERSATION_TIMEOUT"],
  ["top_k_values", "KLR_RAG_TOP_K"],
  ["chunk_sizes", "KLR_RAG_CHUNK_SIZE"],
  ["asr_correction_threshold", "ASR_CORRECTION_THRESHOLD"],
]);

/** An experiment's own mapping, as its configuration has it. */
export type ParameterMapping = ReadonlyMap<string, string>;

/** An unknown parameter becomes `KLR_<PARAMETER>`: whether that may be set is the allow-list's business. */
export function keyOf(parameter: string, mapping: ParameterMapping | undefined): string {
  return mapping?.get(parameter) ?? TABLE.get(parameter) ?? `KLR_${parameter.toUpperCase()}`;
}
