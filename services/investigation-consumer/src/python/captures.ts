/**
 * What is looked at in a syntax tree. Running one query inside the parser is many times cheaper than visiting every node
 * from here: only matches cross the border.
 */
export const CAPTURES = `
  (class_definition) @class
  (function_definition) @function
  (module . (comment)* . (expression_statement (string) @module_docstring))
  [(import_statement) (import_from_statement) (future_import_statement)] @import
  [(if_statement) (elif_clause) (for_statement) (while_statement) (except_clause) (case_clause) (assert_statement)
   (conditional_expression) (boolean_operator) (for_in_clause) (if_clause)] @branch
`;
