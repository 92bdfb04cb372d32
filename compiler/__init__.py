"""Text in, plan and diagnostics out: the passes in order.

    text -parse-> Document -validate-> Spec -resolve-> Graph
         -bind-> BoundGraph -fit-> FittedGraph -infer-> ShapedGraph -lower-> Plan

The first three need no data and import neither torch, pandas, pyarrow nor scikit-learn.
"""
