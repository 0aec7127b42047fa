using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>A view's right to use an object's memory, until something ends it.</summary>
/// <param name="Object">The number of the object in the state.</param>
/// <param name="Taken">Where the view was taken.</param>
/// <param name="SurvivesResize">True for <c>Memory</c> and the like, which look up the place of the elements.</param>
/// <param name="End">The cause of its end.</param>
/// <param name="EndedAt">Where it ended.</param>
internal sealed record Loan(int Object, SyntaxNode Taken, bool SurvivesResize, EndKind End, SyntaxNode? EndedAt)
{
    /// <summary>True for a task: the call that got the view may use it until the task is awaited.</summary>
    public bool IsPending { get; init; }
}
