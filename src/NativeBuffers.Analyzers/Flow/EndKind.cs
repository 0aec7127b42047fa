namespace NativeBuffers.Analyzers.Flow;

/// <summary>The causes of the end of an object, or of a loan.</summary>
internal enum EndKind
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary><c>Dispose</c>, or <c>Return</c> of a pool.</summary>
    Disposed,

    /// <summary><c>Move</c>, <c>ToOwner</c> or <c>Release</c>.</summary>
    Moved,

    /// <summary>A call that took the owner by value.</summary>
    Given,

    /// <summary><c>Resize</c>.</summary>
    Resized,

    /// <summary>A member that may have moved the elements.</summary>
    Grown,

    /// <summary>A call that took the owner by reference, and may have replaced it.</summary>
    Replaced,
}
