namespace NativeBuffers;

/// <summary>A method or a property whose result is a view of an owner: the result must not be used after that owner has ended.</summary>
/// <remarks>
/// <para>A view is a span, a memory, a reference, a pointer, an enumerator or a borrow. It ends when its owner is disposed, moved or
/// resized.</para>
/// <para>The rules of the package read this attribute. It changes nothing at run time. A span that flows out of a span parameter is a view
/// of it without the attribute, unless the parameter is <c>scoped</c>.</para>
/// </remarks>
/// <example>
/// <code>
/// [ReturnsViewOf(nameof(table))]
/// static Span&lt;int&gt; Row(NativeMemoryOwner&lt;int&gt; table, int row) =&gt; table.GetSpan().Slice(row * 16, 16);
/// </code>
/// </example>
/// <param name="owner">The name of the parameter, field or property that holds the owner: <c>nameof(table)</c>.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.ReturnValue)]
public sealed class ReturnsViewOfAttribute(string owner) : Attribute
{
    /// <summary>The name of the parameter, field or property that holds the owner.</summary>
    public string Owner { get; } = owner;
}
