using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Flow;

/// <summary>One place of a method where some path makes a mistake.</summary>
/// <param name="Mistake">The mistake.</param>
/// <param name="Place">Where to report it.</param>
/// <param name="Name">The name of the owner, in the user's words.</param>
/// <param name="Taken">Where the owner was created, or the view was taken.</param>
/// <param name="End">The cause of its end.</param>
/// <param name="EndedAt">Where it ended.</param>
/// <param name="IsCertain">True if all paths to the place make the mistake.</param>
internal sealed record Finding(Mistake Mistake, SyntaxNode Place, string Name, SyntaxNode? Taken, EndKind End, SyntaxNode? EndedAt, bool IsCertain);
