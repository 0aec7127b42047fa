namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>A variable that holds an owner.</summary>
/// <param name="name">Unique in its program.</param>
/// <param name="kind">Its type.</param>
/// <param name="depth">The depth of the block that declares it: its spans do not leave that block.</param>
/// <param name="valueDepth">The depth of the block that its value does not leave.</param>
internal sealed class OwnerVariable(string name, OwnerKind kind, int depth, int valueDepth)
{
    public string Name { get; } = name;

    public OwnerKind Kind { get; } = kind;

    public int Depth { get; } = depth;

    public int ValueDepth { get; } = valueDepth;

    /// <summary>True for the method's <c>in</c> parameter.</summary>
    public bool IsParameter { get; init; }

    /// <summary>True if a <c>using</c> disposes the variable, so that C# refuses assignments.</summary>
    public bool IsUsing { get; set; }

    /// <summary>True if an enclosing statement disposes the variable later.</summary>
    public int Guards { get; set; }

    /// <summary>True if the variable may hold no owner.</summary>
    public bool MayBeEmpty { get; set; }
}

/// <summary>A variable that holds a span or a reference.</summary>
/// <param name="name">Unique in its program.</param>
/// <param name="isReference">True for <c>ref int</c>.</param>
/// <param name="depth">The depth of the block that its first value does not leave, and so no later value.</param>
internal sealed class ViewVariable(string name, bool isReference, int depth)
{
    public string Name { get; } = name;

    public bool IsReference { get; } = isReference;

    public int Depth { get; } = depth;
}
