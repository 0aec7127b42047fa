using Microsoft.CodeAnalysis.FlowAnalysis;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>Where a path goes on when a <c>finally</c> block ends.</summary>
/// <param name="Branch">The branch that the path was on; null for an exception.</param>
/// <param name="Next">The number of the branch's next <c>finally</c> block.</param>
/// <param name="Region">The region that an exception left.</param>
/// <param name="IsExplicit">True if a <c>throw</c> of the method threw the exception.</param>
internal sealed record Continuation(ControlFlowBranch? Branch, int Next, ControlFlowRegion? Region, bool IsExplicit);
